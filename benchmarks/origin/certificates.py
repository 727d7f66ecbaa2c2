"""A certificate authority of a moment, and a certificate of it for all names of the origin."""

import subprocess
from pathlib import Path
from typing import Final

#: Below a name with one label a wildcard would not count (OpenSSL wants two).
DOMAIN: Final = "bench.localhost"
_NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def certify(directory: Path) -> None:
    """Write ca.pem, server.pem and server.key. Raises FileNotFoundError without openssl."""
    ca, request, extensions = directory / "ca.pem", directory / "server.csr", directory / "server.ext"
    usage = ("-addext", "keyUsage=critical,keyCertSign")
    _openssl("req", "-x509", *_NEW_KEY, *usage, "-keyout", directory / "ca.key", "-out", ca, "-subj", "/CN=Bench")
    _openssl("req", "-new", *_NEW_KEY, "-keyout", directory / "server.key", "-out", request, "-subj", "/CN=Server")
    extensions.write_text(f"subjectAltName=DNS:*.{DOMAIN}\nauthorityKeyIdentifier=keyid\n")
    signed_by = ("-CA", ca, "-CAkey", directory / "ca.key", "-CAcreateserial", "-days", "2")
    _openssl("x509", "-req", "-in", request, *signed_by, "-extfile", extensions, "-out", directory / "server.pem")


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
