"""The exchange's own sample of an order file runs through the core: every order is taken, none is lost."""

import numpy as np

from evermarket.day import taiwan_file
from evermarket.day.tables import STATUSES, statuses
from evermarket.day.whole import Wishes, hold_day
from evermarket.records import Kind
from tests.days.places import real_core, shared


def test_every_order_of_the_sample_is_taken() -> None:
    source = taiwan_file.read(shared("tw_reference/eshop_samples/order_H1_59byte.txt"))
    facts = hold_day(source, real_core(), Wishes(watch_books=False))
    rows = facts.orders.rows[1:]
    assert source.day.day.isoformat() == "2016-12-30"
    assert [one.code for one in source.instruments] == ["0050"]
    assert len(rows) == 29
    assert len(facts.kept.of(Kind.REJECTED)) == 0
    found = np.bincount(statuses(rows), minlength=len(STATUSES))
    assert dict(zip(STATUSES, found.tolist(), strict=True))["expired"] == 29
    assert source.labels.of(np.array([1, 29])).to_list() == ["7003-u5558", "708S-v5580"]
