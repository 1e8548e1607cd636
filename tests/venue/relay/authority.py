"""A certificate authority of our own, for one test: its certificate and one for this machine, written as PEM."""

from pathlib import Path

from evermarket.continuity.venue.authority import Papers, make_papers


class Authority:
    """`ca`, `certificate` and `key` are paths; the certificate is good for localhost, 127.0.0.1 and ::1."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        make_papers(Papers(self.ca, self.certificate, self.key))
