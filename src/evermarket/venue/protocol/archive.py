"""What a node may read again: the journal's frames and records that have left its memory.

Invariant: only what is synced is ever asked for, so a reader of the journal's files can answer. In a simulation it is
the disk. The calls are answered at once; they are made when a member or a follower asks for something old, never for
each order.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from evermarket.records import Records
from evermarket.venue.protocol.frames import Frame

Positions = npt.NDArray[np.int64]


class Archive(Protocol):
    """The durable part of this core's own journal."""

    def frames(self, after: int, upto: int) -> Sequence[Frame]:
        """Frames `after` + 1 to `upto`, by index."""

    def records(self, positions: Positions) -> Records:
        """The records at these positions, which grow; whole and in one piece."""
