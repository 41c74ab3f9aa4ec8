"""A certificate that hadyn makes itself, for HAProxy to have one before anybody named any.

Rule: it is made in a process of its own, once, so that hadyn itself does not carry the
20 MB of ``cryptography`` where nobody uses TLS.
"""

from __future__ import annotations

import subprocess
import sys

from hadyn.errors import WrongUsage

MARK = "made by hadyn itself"
"""First line of its file; what stands before a block means nothing to HAProxy."""
NAME = "hadyn default certificate"
NOBODY = "nobody"
DAYS = 3650
SECONDS = 30.0


def is_self_made(pem: str) -> bool:
    return pem.startswith(MARK)


def make_certificate() -> str:
    """Return a new certificate with its key; raises WrongUsage where Python cannot be started."""
    return _made_elsewhere()


def make_nobody() -> str:
    """Return a new certificate with its key for a client of pods; raises WrongUsage where Python cannot be started.

    Its key is on a curve of which TLS 1.3 knows nothing, so HAProxy shows it to no pod that does not insist on
    a certificate. haproxy-facts.md#nobodys-certificate
    """
    return _made_elsewhere(NOBODY)


def _made_elsewhere(*arguments: str) -> str:
    command = [sys.executable, "-I", "-m", __name__, *arguments]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as cause:
        remedy = "Name one with --default-certificate, or switch HTTPS off with --https-port 0"
        raise WrongUsage("cannot make a certificate for HAProxy to begin with", remedy=remedy) from cause
    return made.stdout


def made_here(name: str = NAME) -> str:
    """Make it in this process."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - for the short life of a process of its own

    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256K1() if name == NOBODY else ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(title, title, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .sign(key, hashes.SHA256())
    )
    spelled = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return f"{MARK}\n{certificate.public_bytes(Encoding.PEM).decode()}{spelled.decode()}"


if __name__ == "__main__":
    sys.stdout.write(made_here(*sys.argv[1:]))
