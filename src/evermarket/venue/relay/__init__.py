"""TLS in front of a door: ends it, says who is behind it, and copies both ways. docs/sessions.md, Tickets."""

from evermarket.venue.relay.relay import Relay

__all__ = ["Relay"]
