"""The result of a check: a level, a finding and a remedy."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Level(StrEnum):
    """The result of a check, the worst first."""

    PROBLEM = "problem"
    WARNING = "warning"
    #: It could not be checked, because another check failed or this user lacks the right.
    UNKNOWN = "unknown"
    OK = "ok"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check, in its stable form."""

    #: A stable word: `data_server`, `version`, `persistence`, `eviction`, `memory`, `clock`, `catalogue`, `beat`,
    #: `workers`, `lateness`, `printer`, `pages`, `sinks`, `disk`.
    name: str
    level: Level
    #: The finding, one sentence.
    finding: str
    #: The remedy, one sentence; None if there is nothing to do.
    remedy: str | None = None


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """All checks, in the order in which a person looks for a cause."""

    checked_at: datetime
    #: The worst level that a check found.
    level: Level
    checks: tuple[Check, ...]
