"""Who may match, what may be said, and how the market changes hands: decisions only, `step(event) -> actions`.

No socket, file, clock, thread or random number is in here, but for `seat_file.py`. A thin shell carries actions out
and brings back what came of them; the simulator in tests/failures/simulation is another shell round the same code.
"""
