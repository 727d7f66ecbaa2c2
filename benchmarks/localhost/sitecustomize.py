"""Python imports this first where its folder leads PYTHONPATH: names below localhost lead to loopback.

They always should (RFC 6761, section 6.3), but not every system's resolver knows.
"""

import socket
from typing import Any

_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> list[Any]:
    """Look a name up as `socket.getaddrinfo` does."""
    is_local = isinstance(host, str) and host.endswith(".localhost")
    return list(_getaddrinfo("127.0.0.1" if is_local else host, *arguments, **options))


socket.getaddrinfo = getaddrinfo
