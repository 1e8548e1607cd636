"""What members import. So far the law of a member's side of a session, in `gate.py`; the text is docs/sessions.md."""
