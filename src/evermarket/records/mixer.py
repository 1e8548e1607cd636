"""The 64-bit mixer of the state digest (docs/format.md, section 7), in plain integers: the definition.

The kernels carry their own copy in unsigned machine words; a test holds the two together by the values below.
"""

from typing import Final

MASK: Final = 2**64 - 1

K0: Final = 0x9E3779B97F4A7C15
K1: Final = 0xC2B2AE3D27D4EB4F
K2: Final = 0x165667B19E3779F9
K3: Final = 0xD6E8FEB86659FD93
K4: Final = 0xA0761D6478BD642F
K5: Final = 0xE7037ED1A0B428DB
K6: Final = 0x8EBC6AF09C88C6E3
F1: Final = 0xFF51AFD7ED558CCD
F2: Final = 0xC4CEB9FE1A85EC53


def finish(h: int) -> int:
    """Spread every input bit over the whole word."""
    h &= MASK
    h ^= h >> 33
    h = h * F1 & MASK
    h ^= h >> 33
    h = h * F2 & MASK
    return h ^ h >> 33


def order_term(
    *, order_no: int, instrument: int, segment: int, side: int, price: int, leaves: int, priority: int
) -> int:
    """What one live order adds to the digest. `price` may be NO_PRICE (its two's complement is mixed)."""
    a = order_no | instrument << 32 | segment << 48 | side << 56
    return finish(a * K0 + (price & MASK) * K1 + (leaves | priority << 32) * K2)


def book_term(*, instrument: int, segment: int, phase: int, reference: int, last: int, volume: int) -> int:
    """What one defined book adds to the digest. `reference` and `last` may be NO_PRICE."""
    a = instrument | segment << 16 | phase << 24 | 1 << 63
    return finish(a * K3 + (reference & MASK) * K4 + (last & MASK) * K5 + volume * K6)


def draw_rank(seed: int, order_no: int) -> int:
    """Where an order stands in the journaled draw of the pre-open priority: lower comes first."""
    return finish(order_no * K0 ^ seed)
