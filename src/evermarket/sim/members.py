"""The members of the exchange and their lines: a few large houses, many small ones, providers with lines of their own.

Units: account numbers are 1 000 000 and up, a provider's quotes use 7 777 777 and up. Invariants: lines are numbered
from 1 without gaps; a member's share of the orders follows 1 / (rank + 2), an assumption.
"""

import msgspec

from evermarket.records.kinds import Right
from evermarket.sim.board import provider_count

PROVIDER_ACCOUNT = 7_777_777


class Line(msgspec.Struct, frozen=True):
    """One line, as REF_LINE tells it, and how much of the orders come through it."""

    line: int
    member: int
    rights: Right
    account: int
    weight: int


def make_lines(members: int) -> list[Line]:
    """All lines: each member's own, then one for each provider."""
    lines: list[Line] = []
    for member in range(1, members + 1):
        share = 10**6 // (member + 2)
        count = max(2, 16 // (1 + member // 4))
        lines += [Line(len(lines) + 1 + i, member, Right.ORDERS, 0, share // count) for i in range(count)]
    for provider in range(1, provider_count(members) + 1):
        rights = Right.ORDERS | Right.PROVIDER
        lines.append(Line(len(lines) + 1, provider, rights, PROVIDER_ACCOUNT + provider, 0))
    return lines


def provider_lines(lines: list[Line]) -> dict[int, Line]:
    """The line of each provider, by the provider's number."""
    return {line.member: line for line in lines if line.rights & Right.PROVIDER}
