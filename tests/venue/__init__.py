"""The venue: sessions and what members are told."""
