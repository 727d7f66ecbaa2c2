"""Ids from names, and names from addresses: for entries that give neither."""

import re
import unicodedata
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlsplit

#: The longest id, in characters.
LONGEST_ID = 64
#: Latin letters that Unicode does not decompose (the last is i without its dot), and apostrophes, which join words.
_TRANSLITERATED = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i", "'": "", "\u2019": ""}
)
#: Labels of a host, and segments of a path, that mark a status page and name no vendor.
_NOISE = frozenset({"www", "status", "statuspage", "instatus", "health", "trust"})
#: Second labels below which countries hand out names: foo.co.uk. Not the whole public suffix list: a name may be odd.
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"})
_COUNTRY_LETTERS = 2
#: Path segments of endpoints; the rest of a path names a page among others of the same host.
_ENDPOINT = re.compile(r"api|v\d+|history|feed|rss|atom|.*\.(?:json|atom|rss|xml|html?)", re.IGNORECASE)


def slug(name: str) -> str:
    """Return the id for a name: stable, ASCII, the same however its accents are encoded."""
    folded = unicodedata.normalize("NFKD", name).casefold().translate(_TRANSLITERATED)
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")
    unreadable = any(map(str.isalpha, bare)) and not re.search("[a-z]", words)
    if unreadable or not words:
        # Nothing of the name can be shown in ASCII; digits alone would be too few to distinguish names.
        return f"provider-{sha256(folded.encode(errors='surrogatepass')).hexdigest()[:10]}"
    return words[:LONGEST_ID].rstrip("-")


def name_of(url: str) -> str:
    """Return a name for the page at a checked address: its vendor, and its path where one host has many pages."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    segments = [segment for segment in parts.path.split("/") if segment and segment.lower() not in _NOISE]
    path = [segment for segment in segments if not _ENDPOINT.fullmatch(segment)]
    if _is_local(host):
        return "-".join(path) or parts.netloc
    return "-".join([*_vendor(host), *path])


def _is_local(host: str) -> bool:
    """Return whether the host names a machine, not a vendor."""
    if "." not in host:
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _vendor(host: str) -> list[str]:
    """Return the labels that name the vendor: www.githubstatus.com -> github."""
    labels = host.split(".")
    end = -1
    if len(labels[-1]) == _COUNTRY_LETTERS and labels[-2] in _SECOND_LEVEL and labels[:-2]:
        end = -2
    labels = labels[:end]
    meaningful = [label for label in labels if label not in _NOISE] or labels[-1:]
    return [re.sub(r"(?<=.)-?status$", "", label) for label in meaningful]
