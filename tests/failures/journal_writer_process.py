"""A real writing process for the kill test: open or create, begin an epoch, commit until it is killed.

Arguments: folder, seed. Each durable position goes to standard output as eight bytes after its commit.
"""

import os
import random
import sys
from pathlib import Path

from journal_faults import DAY, batch

from evermarket.journal import JournalMissing, JournalWriter


def main(folder: Path, seed: int) -> None:
    try:
        writer = JournalWriter.open(folder)
    except JournalMissing:
        writer = JournalWriter.create(folder, DAY, segment_bytes=131_072)
    writer.begin_epoch(writer.epoch + 1, owner=1, make=1, time=1)
    chance = random.Random(seed)
    while True:
        count = chance.choice([1, 2, 30, 500, 1_500])
        durable = writer.commit(batch(writer.position + 1, count), 0)
        os.write(1, durable.to_bytes(8, "little"))


main(Path(sys.argv[1]), int(sys.argv[2]))
