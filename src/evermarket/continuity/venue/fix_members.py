"""FIX members of a venue: names, passwords and settings, made at the gateway's first start.

FOLDER/members/fix holds two files a member, mode 0600: `member-LINE.json`, which the gateway itself reads, and
`quickfix-LINE.cfg`, settings with which a QuickFIX initiator logs on as it is, once its application puts the password
into the Logon.
"""

import secrets
from pathlib import Path
from typing import Final

import msgspec

from evermarket.continuity.venue.plan import HOST, VenuePlan, encode
from evermarket.venue.fix.process import Config, Member

OURS: Final = "EVERMARKET"
PASSWORD_BYTES: Final = 18
FIRST_ACCOUNT: Final = 8_000_000
"""Between the simulated investors' accounts and the providers', out of the way of both by the line's number."""

_SETTINGS: Final = """\
# A FIX 4.4 session for line {line}. QuickFIX leaves the password to the application: put it into field 554 (Logon).
[DEFAULT]
ConnectionType=initiator
StartTime=00:00:00
EndTime=00:00:00
HeartBtInt=30
ReconnectInterval=1
SocketConnectHost={host}
SocketConnectPort={port}
FileStorePath={folder}/store-{line:05d}
FileLogPath={folder}/log-{line:05d}
UseDataDictionary=N
[SESSION]
BeginString=FIX.4.4
SenderCompID={sender_comp_id}
TargetCompID={target_comp_id}
Password={password}
"""


class FixMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one member keeps to itself. `account` may stand in Account (1)."""

    line: int
    sender_comp_id: str
    target_comp_id: str
    password: str
    account: str
    host: str
    port: int


def fix_folder(plan: VenuePlan) -> Path:
    """Where the members' files lie."""
    return plan.folder / "members" / "fix"


def fix_members(plan: VenuePlan) -> list[FixMember]:
    """The members of a venue; their files are made if they are not there."""
    folder = fix_folder(plan)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return [_member(plan, folder, line) for line in plan.fix_members]


def gateway_config(plan: VenuePlan) -> Config:
    """What the gateway is started with."""
    members = fix_members(plan)
    return Config(
        comp_id=OURS,
        trading_day=plan.trading_day,
        kept=str(plan.folder / "fix"),
        members=tuple(Member(one.sender_comp_id, one.line, one.password) for one in members),
        accounts={one.account: int(one.account) for one in members},
        host=HOST,
        port=plan.ports["fix"],
    )


def _member(plan: VenuePlan, folder: Path, line: int) -> FixMember:
    path = folder / f"member-{line:05d}.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=FixMember)
    password, account = secrets.token_urlsafe(PASSWORD_BYTES), str(FIRST_ACCOUNT + line)
    made = FixMember(line, f"MEMBER-{line:05d}", OURS, password, account, HOST, plan.ports["fix"])
    settings = _SETTINGS.format(folder=folder, **msgspec.to_builtins(made))
    _write(folder / f"quickfix-{line:05d}.cfg", settings.encode())
    _write(path, encode(made))
    return made


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and for its owner's eyes only."""
    draft = path.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(path)
