"""Checks of web addresses that a person gives."""

from urllib.parse import SplitResult, urlsplit

from tracker.catalogue.mistakes import InvalidValue, described, quoted

#: Beyond this, servers and proxies begin to refuse (RFC 9110, section 4.1, recommends 8000 at least; pages have 40).
_LONGEST = 2048
_REMEDY = "write one like https://status.example.com"


def web_address(value: object) -> str:
    """Return the http or https address, its fragment cut off. Raises InvalidValue."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidValue(f"is {described(value)}, not an address; {_REMEDY}")
    if len(value) > _LONGEST:
        raise InvalidValue(f"is longer than {_LONGEST} characters; {_REMEDY}")
    # `urlsplit` drops some of these silently, and browsers read a backslash as a slash.
    if not value.isprintable() or " " in value or "\\" in value:
        raise InvalidValue(
            f"is {_repeated(value)}, with a space, backslash or control character in it; percent-encode it"
        )
    try:
        parts = urlsplit(value)
    except ValueError:
        raise InvalidValue(f"is {_repeated(value)}, not a valid address; {_REMEDY}") from None
    _refuse_all_but_web(value, parts)
    _refuse_bad_host(value, parts)
    # A fragment never travels to the server: it came along from a browser's address bar.
    return parts._replace(netloc=parts.netloc.lower(), fragment="").geturl()


def _refuse_all_but_web(value: str, parts: SplitResult) -> None:
    """Refuse other schemes, and credentials, which would end up in logs."""
    if parts.scheme not in {"http", "https"}:
        guess = f"write {quoted(f'https://{value}')}" if "://" not in value and "@" not in value else _REMEDY
        raise InvalidValue(f"is {_repeated(value)}, which does not begin with http:// or https://; {guess}")
    if "@" in parts.netloc:
        raise InvalidValue("holds a user name or password before an @; remove it: a status page needs none")


def _refuse_bad_host(value: str, parts: SplitResult) -> None:
    """Refuse a host that no name server and no socket would take."""
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise InvalidValue(f"is {_repeated(value)}, with a port that is not a number from 1 to 65535; correct it")
    host = parts.hostname
    if not host:
        raise InvalidValue(f"is {_repeated(value)}, without a host; {_REMEDY}")
    try:
        # Refuses empty labels and those over 63 characters (RFC 1035, section 2.3.4).
        host.encode("idna")
    except UnicodeError:
        host = ""
    if not (":" in host or host.replace("-", "").replace("_", "").replace(".", "").isalnum()):
        raise InvalidValue(f"is {_repeated(value)}, with a host that cannot exist; {_REMEDY}")


def _repeated(value: str) -> str:
    """Return the address for a message, unless it may hold a password."""
    return "an address with an @" if "@" in value else quoted(value)
