"""A market in virtual time round the product's own protocol code: every fault, no waiting, each seed repeatable."""
