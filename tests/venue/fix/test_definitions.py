"""The session-level acceptance definitions of QuickFIX, word for word, through the state machine."""

import pytest

from tests.days.places import shared
from tests.venue.fix.script import patterns, run

NAMES = (
    "10_MsgSeqNumEqual",
    "13b_UnsolicitedLogoutMessage",
    "14b_RequiredFieldMissing",
    "1a_ValidLogonMsgSeqNumTooHigh",
    "1a_ValidLogonWithCorrectMsgSeqNum",
    "1c_InvalidSenderCompID",
    "1c_InvalidTargetCompID",
    "1e_NotLogonMessage",
    "2a_MsgSeqNumCorrect",
    "2b_MsgSeqNumTooHigh",
    "2c_MsgSeqNumTooLow",
    "2q_MsgTypeNotValid",
    "4a_NoDataSentDuringHeartBtInt",
    "4b_ReceivedTestRequest",
    "8_OnlyAdminMessages",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_is_met(name: str) -> None:
    folder = shared("fix/definitions")
    run(folder / "fix44" / f"{name}.def", patterns(folder / "fields.fmt"))


def test_no_definition_is_left_out() -> None:
    assert sorted(path.stem for path in (shared("fix/definitions") / "fix44").iterdir()) == sorted(NAMES)
