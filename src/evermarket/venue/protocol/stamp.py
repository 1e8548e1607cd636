"""Rule 10, time: stamped by the owner's sequencer, compared by its followers; never a jump back, never a decision."""


def stamp(clock_ns: int, last_ns: int) -> int:
    """The time of the next batch: the clock, or just after the last one where the clock stands or went back."""
    return max(clock_ns, last_ns + 1)


def is_step(clock_ns: int, stamped_ns: int, skew_ns_max: int) -> bool:
    """Whether a clock and a stamp are so far apart that somebody must look."""
    return abs(clock_ns - stamped_ns) > skew_ns_max
