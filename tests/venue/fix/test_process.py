"""The process round the gateway: its configuration, TLS, and what it hands to its link."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import msgspec
import pytest

from evermarket.records.kinds import Flag
from evermarket.venue.fix.process import Config, Tls
from tests.models.words import decode, split
from tests.venue.fix.floor import order
from tests.venue.fix.live import Live
from tests.venue.fix.test_engines import SimpleClient

CONFIG = {"comp_id": "EVER", "trading_day": 20260105, "kept": "k", "members": [{"comp_id": "A", "line": 1}]}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"members": [{"comp_id": "A", "line": 1}, {"comp_id": "A", "line": 2}]}, "one session"),
        ({"members": [{"comp_id": "A", "line": 1}, {"comp_id": "B", "line": 1}]}, "one session"),
        ({"members": [{"comp_id": "../A", "line": 1}]}, r"members\[0\].comp_id"),
        ({"members": [{"comp_id": "A", "line": 0}]}, r"members\[0\].line"),
        ({"drop_copies": [{"comp_id": "A", "lines": [1]}]}, "one session"),
        ({"prot": 5}, "prot"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place(change: dict[str, object], complaint: str) -> None:
    msgspec.convert(CONFIG, Config, strict=False)
    with pytest.raises(msgspec.ValidationError, match=complaint):
        msgspec.convert({**CONFIG, **change}, Config, strict=False)


def certificate(folder: Path) -> Tls:
    """A certificate for 127.0.0.1 that signs itself."""
    files = {name: str(folder / name) for name in ("cert.pem", "key.pem")}
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", files["key.pem"], "-out", files["cert.pem"], "-days", "2", "-subj", "/CN=gateway"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("openssl cannot make a certificate here")
    return Tls(files["cert.pem"], files["key.pem"])


def test_a_member_trades_over_tls(tmp_path: Path) -> None:
    async def play() -> int:
        live = Live(tmp_path / "kept", certificate(tmp_path))
        await live.open()
        trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        client = SimpleClient()
        await client.connect(live.port, trusted)
        client.say("D", order(1))
        await client.until("8", "0")
        client.say("5", [])
        await client.until("5")
        await live.close()
        return len(client.told)

    assert asyncio.run(play()) == 1


def test_what_is_under_way_is_given_flagged_and_in_order(tmp_path: Path) -> None:
    async def play() -> list[tuple[int, int]]:
        live = Live(tmp_path)
        await live.open()
        live.is_cut = True
        client = SimpleClient()
        await client.connect(live.port)
        client.say("D", order(1))
        client.say("D", order(2))
        client.say("1", [(112, "X")])
        await client.until("0")
        assert live.process is not None
        words = [decode(raw) for raw in split(live.process.under_way())]
        live.crash()
        return [(word.cl_ord_id, word.flags) for word in words]

    assert asyncio.run(play()) == [(1, int(Flag.POSS_RESEND)), (2, int(Flag.POSS_RESEND))]
