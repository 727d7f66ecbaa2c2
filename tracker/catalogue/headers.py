"""Header fields of a page or a receiver whose values are secrets: the catalogue holds the names of variables alone.

No message repeats a wrong name: people sometimes write the secret itself there.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from tracker.catalogue.mistakes import InvalidValue

EXAMPLE: Final = 'headers_env = { Authorization = "ACME_AUTH" }'

#: RFC 9110, section 5.6.2; the cap is ours.
_FIELD_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
#: Fields that HTTP itself sets for each message: framing, connection (section 7.6.1) and destination; and those that
#: decide whether we can read the answer.
_OURS: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
        *("proxy-authenticate", "proxy-authorization", "host", "content-length", "expect"),
        *("accept-encoding", "range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
        "if-range",
    }
)
_MOST: Final = 20
#: As POSIX writes them; also in small letters, if an underscore shows that it is neither a word nor a token.
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,199}|(?=[a-z_][a-z0-9_]{0,199}$)[a-z0-9]*_[a-z0-9_]+")
#: Keys and tokens mix letters and digits for longer than any word does.
_TOKEN: Final = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{14,}")
#: Secrets of the tracker itself, which people who may add a page must not learn.
_NOT_TO_BE_SENT: Final = re.compile(r"(REDIS|FLOWER|CELERY)_.*|(HTTP|HTTPS|ALL)_PROXY", re.IGNORECASE)


def header_variables(value: object, reserved: Collection[str] = ()) -> tuple[tuple[str, str], ...]:
    """Return the headers, each with the variable that holds its value; `reserved` are those that cannot be given."""
    if not isinstance(value, Mapping) or not value:
        raise InvalidValue(f"is not a table of headers and names of variables; write one, as in {EXAMPLE}")
    if len(value) > _MOST:
        raise InvalidValue(f"gives more than {_MOST} headers; give fewer")
    pairs = tuple((_field_name(name, reserved), _variable(name, variable)) for name, variable in value.items())
    if len({name.casefold() for name, _ in pairs}) < len(pairs):
        raise InvalidValue("gives one header twice, in other letters; remove one of them")
    return pairs


def _field_name(name: object, reserved: Collection[str]) -> str:
    if not isinstance(name, str) or not _FIELD_NAME.fullmatch(name) or _TOKEN.search(name):
        raise InvalidValue(
            f"gives a header whose name is not valid; write one of letters, digits and hyphens, as in {EXAMPLE}"
        )
    if name.lower() in _OURS or name.lower() in {header.lower() for header in reserved}:
        raise InvalidValue(f"gives {name}, which the tracker sets itself; remove it")
    return name


def _variable(name: str, value: object) -> str:
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value) or _TOKEN.search(value):
        raise InvalidValue(
            f"gives {name} a value that is not the name of a variable (not shown here: it may be a secret); put it "
            f"into a variable and write the name in capitals, as in {EXAMPLE}"
        )
    if _NOT_TO_BE_SENT.fullmatch(value):
        raise InvalidValue(f"gives {name} the variable {value}, which is the tracker's own; name another one")
    return value
