"""The rulebook: market rules as dated tables and small pure functions that name their article.

Kernels know mechanisms; this room knows markets. A rule change is a new dated row, never an edit of an old one.
Prices are integers of 1/10 000 currency unit, quantities integers of the smallest unit, ratios exact fractions.
"""
