"""Python imports this first where its folder leads PYTHONPATH: names below localhost lead to loopback.

They always should (RFC 6761, section 6.3), but not every system's resolver knows. Those below `unresolved.` take as
long as a resolver whose servers are silent, and are not found.
"""

import socket
import time
from typing import Any

#: Two tries of two servers, with the five seconds that resolv.conf(5) gives each.
_SEARCHED_S = 20.0
_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> list[Any]:
    """Look a name up as `socket.getaddrinfo` does."""
    is_local = isinstance(host, str) and host.endswith(".localhost")
    if is_local and ".unresolved." in host:
        time.sleep(_SEARCHED_S)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return list(_getaddrinfo("127.0.0.1" if is_local else host, *arguments, **options))


socket.getaddrinfo = getaddrinfo
