"""A page as it is known now, for everything that shows or counts pages."""

from datetime import datetime
from typing import Protocol

from tracker.assessment.state import Assessment
from tracker.model.page_state import PageState, PageView
from tracker.model.provider import Provider


class KnownPage(Protocol):
    """One page as it is known now."""

    @property
    def provider(self) -> Provider:
        """Return the provider of the page."""
        ...

    @property
    def state(self) -> PageState:
        """Return its state, readability included."""
        ...

    @property
    def view(self) -> PageView:
        """Return its contents at the last reading."""
        ...

    @property
    def checked_at(self) -> datetime | None:
        """Return when it was polled last, with or without success; None for never."""
        ...

    @property
    def assessment(self) -> Assessment:
        """Return its state and the reason for it."""
        ...
