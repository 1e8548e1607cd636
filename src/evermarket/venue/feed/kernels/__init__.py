"""The compiled fold: arrays of stream records in, arrays of feed records out."""
