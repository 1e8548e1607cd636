"""The second core as seen from Python: a process of another make (`twin/`), asked through its pipe (docs/twin.md).

Nothing of the primary's is in here, and nothing here decides: bytes go in, bytes come out.
"""

from evermarket.twin.binary import TwinMissing, find_binary
from evermarket.twin.pipe import Twin, TwinRefused, TwinStopped

__all__ = ["Twin", "TwinMissing", "TwinRefused", "TwinStopped", "find_binary"]
