"""The origin of all measurements: a real server on loopback, in a process of its own."""

import contextlib
import http.client
import resource
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.origin import nginx
from benchmarks.origin.access_log import AccessLog
from benchmarks.origin.certificates import DOMAIN, certify
from benchmarks.origin.site import COMPONENTS, FEED_PATH, SUMMARY_PATH, Site
from benchmarks.processes import await_that, child, free_port


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A running origin."""

    site: Site
    log: AccessLog
    pid: int
    port: int
    #: Which server answers.
    server: str
    #: The certificate to trust; None without TLS.
    ca_file: Path | None

    def summary(self, page: str) -> str:
        """Return the address of a page's summary; with TLS each page has a host of its own."""
        return self._address(page) + SUMMARY_PATH.format(page=page)

    def feed(self, page: str) -> str:
        """Return the address of a page's feed."""
        return self._address(page) + FEED_PATH.format(page=page)

    def _address(self, page: str) -> str:
        return f"https://{page}.{DOMAIN}:{self.port}" if self.ca_file else f"http://127.0.0.1:{self.port}"

    def set_latency(self, latency_ms: int) -> None:
        """Have every answer wait so long from now on."""
        connection: http.client.HTTPConnection
        if self.ca_file:
            context = ssl.create_default_context(cafile=str(self.ca_file))
            context.check_hostname = False  # the certificate is for the pages' names
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", f"/latency/{latency_ms}")
            status = connection.getresponse().status
        if status != 200:
            raise SystemExit(f"the origin's latency cannot be set: {status}")


@contextlib.contextmanager
def serving(
    directory: Path, *, tls: bool = False, latency_ms: int = 0, components: int = COMPONENTS
) -> Iterator[Origin]:
    """Run an origin: nginx where it is installed with http-lua, else the plain one, which knows no TLS."""
    directory.mkdir()
    site = Site(directory / "site", components)
    port, access_log, log = free_port(), directory / "access.log", directory / "origin.log"
    version = nginx.version()
    if tls and version is None:
        raise SystemExit("--tls needs nginx with http-lua (Debian: nginx-light and libnginx-mod-http-lua)")
    if tls:
        certify(directory)
    if version is None:
        argv = [sys.executable, "-m", "benchmarks.origin.plain", str(port), str(site.directory), str(access_log)]
    else:
        _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
        argv = nginx.command(directory, site.directory, port, tls=tls, files=min(files, 65_536))
    with child(argv, log=log) as process:
        await_that(lambda: _answers(port), "the origin", 20, process, log)
        origin = Origin(
            site=site,
            log=AccessLog(access_log),
            pid=process.pid,
            port=port,
            server=f"nginx {version}" if version else "asyncio",
            ca_file=directory / "ca.pem" if tls else None,
        )
        origin.set_latency(latency_ms)
        yield origin


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
