"""The surroundings of a child process: the tracker's modules and no others, wherever the supervisor was started.

Python and Celery look for modules in the working directory first, and Celery reads options from variables with everyday
names. So another project's folder could become part of the tracker just by being the current one.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from tracker.environment.secret import read_secret

#: The working directory of children: it holds no files of users, is never removed, and is on the path for modules
#: already, so Celery does not put it in front.
FOLDER: Final = Path(os.__file__).parent
#: The folder of this project's packages.
ROOT: Final = Path(__file__).parents[2]

#: Celery's options as variables: some by name, and any with Celery's prefix.
_CELERYS: Final = frozenset({"APP", "BROKER_URL", "RESULT_BACKEND", "LOADER", "CONFIG_MODULE", "SKIP_CHECKS"})
_CELERYS_PREFIX: Final = "CELERY_"
#: Variables that hold a path, whether or not anything is there yet.
_PATHS: Final = frozenset(
    {
        "TRACKER_DATA_DIR",
        "TRACKER_TICK_FILE",
        "TRACKER_CA_FILE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    }
)
_TLS_FILE: Final = re.compile(r"(?<=[?&])(ssl_(?:ca_certs|ca_path|certfile|keyfile))=([^/&%][^&]*)")


def current_folder() -> Path:
    """Return the folder of this process; FOLDER if it was removed, where no relative path leads anywhere anyway."""
    try:
        return Path.cwd()
    except OSError:
        return FOLDER


def surroundings(environ: Mapping[str, str], folder: Path, path: Sequence[str] = sys.path) -> dict[str, str]:
    """Return the variables for a child in FOLDER, with the meaning of the given ones in `folder`. Raises ConfigError.

    `path` is where this process looks for modules.
    """
    kept = {name: _absolute(name, value, folder) for name, value in environ.items() if not _is_celerys(name)}
    url = read_secret(environ, "REDIS_URL") or ""
    whole = _TLS_FILE.sub(lambda found: f"{found[1]}={quote(str(folder / unquote(found[2])))}", url)
    if whole != url:
        kept["REDIS_URL"] = whole
        kept.pop("REDIS_URL_FILE", None)
    kept["PYTHONSAFEPATH"] = "1"
    modules = [str(folder / entry) for entry in environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if path and path[0] == str(ROOT):
        modules.append(str(ROOT))  # a checkout that is run as it is, without being installed
    if modules:
        kept["PYTHONPATH"] = os.pathsep.join(modules)
    else:
        kept.pop("PYTHONPATH", None)
    return kept


def _is_celerys(name: str) -> bool:
    return name in _CELERYS or name.startswith(_CELERYS_PREFIX)


def _absolute(name: str, value: str, folder: Path) -> str:
    """Return the value of a variable, the whole path where it holds one that begins in `folder`."""
    if name in _PATHS and value:
        return str(folder / value)
    # Any name may be that of a secret's file (`read_secret`); one that ends so by chance names no file.
    if name.endswith("_FILE") and value and "\0" not in value and os.path.lexists(folder / value):
        return str(folder / value)
    return value
