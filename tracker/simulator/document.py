"""A body that a page serves, with the validators that follow from it."""

import gzip
import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property

_CONTENT_TYPES = {"json": "application/json", "atom": "application/atom+xml", "rss": "application/rss+xml"}


def content_type_of(path: str, otherwise: str = "text/html") -> str:
    """Return the content type that status pages send for a path, `otherwise` for one without a known ending."""
    return _CONTENT_TYPES.get(path.rpartition(".")[2], otherwise) + "; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A body and its HTTP headers; each costly one is computed once."""

    body: bytes
    content_type: str
    #: In UTC and whole seconds, None on a page that does not date its answers.
    modified_at: datetime | None = None
    #: Some platforms send neither ETag nor Last-Modified.
    has_validators: bool = True

    @cached_property
    def etag(self) -> str | None:
        """Return a weak entity tag: equal bodies have equal tags, compressed or not."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"' if self.has_validators else None

    @cached_property
    def last_modified(self) -> str | None:
        """Return the HTTP date of the last change."""
        if self.modified_at is None or not self.has_validators:
            return None
        return format_datetime(self.modified_at, usegmt=True)

    @cached_property
    def gzipped(self) -> bytes:
        """Return the body in gzip, the same bytes at any time."""
        return gzip.compress(self.body, mtime=0)
