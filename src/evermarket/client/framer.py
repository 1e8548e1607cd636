"""A stream of bytes as whole records: the same on both ends of a session."""

import numpy as np

from evermarket.records import HEADER, RECORD_BYTES, Records


class Framer:
    """Cuts a stream of bytes into records; a part of one waits for the rest."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def is_empty(self) -> bool:
        """Whether no part of a record waits."""
        return not self._rest

    def whole(self, data: bytes) -> Records:
        """The records that are whole now; a view of the bytes, read-only."""
        if self._rest:
            data = self._rest + data
        end = len(data) - len(data) % RECORD_BYTES
        self._rest = data[end:]
        return np.frombuffer(data, HEADER, end // RECORD_BYTES)
