"""Certificates of a venue: an authority made for it, which signs one certificate for this machine and is forgotten.

Its key is never written, so nothing more can be signed in its name. Where others than this machine reach an exchange,
its operator's own files take the place of these.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS: Final = 30
NAMES: Final = ("localhost",)
ADDRESSES: Final = ("127.0.0.1", "::1")


class Papers(NamedTuple):
    """Paths of PEM files: the authority's certificate, which members trust; the server's certificate and key."""

    ca: Path
    certificate: Path
    key: Path


def make_papers(papers: Papers) -> None:
    """Write all three; the key can be read by its owner alone."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("Evermarket authority of one venue")
    ca = _builder(ca_name, ca_name, ca_key.public_key())
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    ca = ca.add_extension(_SIGNS, critical=True)
    ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
    addresses = [x509.IPAddress(ip_address(address)) for address in ADDRESSES]
    here = x509.SubjectAlternativeName([*(x509.DNSName(name) for name in NAMES), *addresses])
    own = _builder(_name(NAMES[0]), ca_name, key.public_key()).add_extension(here, critical=False)
    own = own.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    pem = serialization.Encoding.PEM
    papers.key.touch(mode=0o600)
    papers.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    papers.certificate.write_bytes(own.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    papers.ca.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=DAYS))


_SIGNS: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
