"""The recorded day against the stream it was made of."""

import hashlib
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evermarket.records import NO_PRICE, Kind, of_kind
from evermarket.records.feed import FeedChannel
from evermarket.venue.feed.channel import Feed, FeedTerms
from evermarket.venue.feed.packets import Day, read_packet
from evermarket.venue.feed.recorder import Recorder, RecorderGapError
from tests.venue.feed.streams import SEEDS, whole

DAY = Day(20261120, 1)


def recorded(folder: Path, seed: int, part_rows: int) -> Recorder:
    """A whole day in files, and the recorder that wrote them."""
    feed, recorder = Feed(FeedTerms(day=DAY)), Recorder(folder, "XTAI", DAY, part_rows=part_rows)
    for told in (*(feed.take(block) for block in whole(seed)), feed.end_of_day()):
        for data in told[FeedChannel.BY_LEVEL]:
            recorder.take(read_packet(data).records)
    return recorder


@pytest.mark.parametrize("part_rows", [10, 10**6])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_trade_is_in_the_files_with_its_exact_price(seed: int, part_rows: int, tmp_path: Path) -> None:
    manifest = recorded(tmp_path, seed, part_rows).close()
    trades = [of_kind(block, Kind.TRADED) for block in whole(seed)]
    want = [
        (int(t["trade_no"]), None if t["price"] == NO_PRICE else Decimal(int(t["price"])) / 10_000, int(t["qty"]))
        for part in trades
        for t in part
    ]
    frame = pl.read_parquet(tmp_path / "trades" / "**" / "*.parquet", hive_partitioning=True).sort("seq")
    assert frame.select("trade_no", "price", "qty").rows() == want
    assert frame["trading_day"].unique().to_list() == [20261120]
    assert frame["market"].unique().to_list() == ["XTAI"]
    assert manifest["rows"]["trades"] == len(want) == len(frame)
    assert manifest["is_whole_day"] is True


def test_checksums_counts_and_sums_are_those_of_the_files(tmp_path: Path) -> None:
    manifest = recorded(tmp_path, SEEDS[1], 25).close()
    kept = json.loads((tmp_path / "XTAI_20261120_p1.manifest.json").read_text())
    assert kept == manifest
    assert len(manifest["files"]) > 4
    for one in manifest["files"]:
        (path,) = tmp_path.glob(f"{one['table']}/**/{one['name']}")
        assert hashlib.sha256(path.read_bytes()).hexdigest() == one["sha256"]
        assert path.with_name(f"{path.name}.sha256").read_text().split() == [one["sha256"], one["name"]]
        frame = pl.read_parquet(path, hive_partitioning=False)
        assert (len(frame), frame["qty"].sum()) == (one["rows"], one["qty"])
        assert (frame["seq"].min(), frame["seq"].max()) == (one["first_seq"], one["last_seq"])
    assert not list(tmp_path.glob("**/*.tmp"))


def test_a_gap_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "XTAI", DAY)
    feed = Feed(FeedTerms(day=DAY))
    parts = [
        read_packet(data).records for block in whole(SEEDS[0], 60) for data in feed.take(block)[FeedChannel.BY_LEVEL]
    ]
    recorder.take(parts[0])
    with pytest.raises(RecorderGapError, match="never came"):
        recorder.stand(parts[0], 99)
    for wrong in (parts[2], parts[0]):
        with pytest.raises(RecorderGapError, match="after"):
            recorder.take(wrong)
    for part in parts[1:]:
        recorder.take(part)
    assert recorder.last == feed.history[FeedChannel.BY_LEVEL].last
    assert recorder.close()["is_whole_day"] is False


def test_a_day_that_lies_there_is_not_written_over(tmp_path: Path) -> None:
    recorded(tmp_path, SEEDS[0], 10**6).close()
    with pytest.raises(FileExistsError):
        Recorder(tmp_path, "XTAI", DAY)


def test_a_quiet_day_has_a_manifest_and_no_files(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "XTAI", DAY)
    recorder.take(np.zeros(0, read_packet(Feed(FeedTerms(day=DAY)).heartbeat(FeedChannel.BY_LEVEL)).records.dtype))
    manifest = recorder.close()
    assert manifest["rows"] == {"trades": 0, "quotes": 0}
    assert manifest["files"] == []
