"""Slow, obvious second versions, written from the documents alone; the fast ones are held against them."""
