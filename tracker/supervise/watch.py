"""Watch all pages for the health line; only changed pages are read again."""

from collections.abc import Sequence

from tracker.model.provider import Provider
from tracker.store.catalogue import RedisCatalogue
from tracker.supervise.health import PageHealth, page_health


class Watch:
    """The state of a catalogue's pages."""

    def __init__(self, catalogue: RedisCatalogue) -> None:
        self._catalogue = catalogue
        self._version: bytes | None = None
        self._changes: bytes | None = None
        self._providers: tuple[Provider, ...] = ()
        self._revisions: dict[str, bytes] = {}
        self._pages: dict[str, PageHealth] = {}

    @property
    def providers(self) -> Sequence[Provider]:
        """Return the providers as of the last check."""
        return self._providers

    def look(self) -> Sequence[PageHealth]:
        """Return the health of every page, sorted by provider name. Raises StoreError."""
        version, changes = self._catalogue.version(), self._catalogue.changes()
        if version != self._version:
            self._providers = self._catalogue.providers()
            self._revisions, self._pages = {}, {}
        elif changes and changes == self._changes:  # workers of an earlier version count no changes
            return [self._pages[provider.id] for provider in self._providers]
        revisions = self._catalogue.revisions([provider.id for provider in self._providers])
        found = dict(zip((provider.id for provider in self._providers), revisions, strict=True))
        changed = [provider for provider in self._providers if self._revisions.get(provider.id) != found[provider.id]]
        for status in self._catalogue.statuses_of(changed):
            self._pages[status.provider.id] = page_health(status)
        self._revisions, self._version, self._changes = found, version, changes
        return [self._pages[provider.id] for provider in self._providers]
