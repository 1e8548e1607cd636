"""Members' binary sessions: the core's end of a connection as a pure machine, and its shell. docs/sessions.md."""

from evermarket.venue.sessions.acceptor import Acceptor, Behind
from evermarket.venue.sessions.session import Session
from evermarket.venue.sessions.terms import Terms

__all__ = ["Acceptor", "Behind", "Session", "Terms"]
