"""Keeping going: the two cores compared, their differences kept as cases, how unlike they are.

With two makes there is no majority: a difference is decided by the rulebook, never by "the primary is right".
"""
