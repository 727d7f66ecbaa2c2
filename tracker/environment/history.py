"""Settings of the history from the environment: where it is kept, and for how long."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Self

from tracker.catalogue.mistakes import quoted
from tracker.environment.secret import read_secret
from tracker.errors import ConfigError

#: Thirteen months: a report can compare a month with the same one a year ago.
DEFAULT_DAYS: Final = 400
_MOST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySettings:
    """The settings of the history."""

    #: PostgreSQL's address with its password; None: a file in the data directory.
    database_url: str | None = field(default=None, repr=False)
    #: How long events are kept; None: forever.
    keep: timedelta | None = timedelta(days=DEFAULT_DAYS)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings that the variables give. Raises ConfigError."""
        url = read_secret(environ, "TRACKER_DATABASE_URL")
        if url is not None and not re.match(r"postgres(ql)?://", url):
            raise ConfigError(
                "TRACKER_DATABASE_URL does not begin with postgresql://; write postgresql://USER:PASSWORD@HOST/DATABASE,"
                " or unset it to keep the history in the data directory"
            )
        text = environ.get("TRACKER_HISTORY_DAYS", "").strip() or str(DEFAULT_DAYS)
        if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > _MOST_DAYS:
            raise ConfigError(
                f"TRACKER_HISTORY_DAYS is {quoted(text)}; write a number of days up to {_MOST_DAYS}, or 0 to keep all"
            )
        return cls(database_url=url, keep=timedelta(days=int(text)) if int(text) else None)
