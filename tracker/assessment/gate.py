"""Decides from a state and a caller's policy whether to go on. Pure."""

from collections.abc import Iterable
from enum import StrEnum

from tracker.assessment.state import State
from tracker.assessment.verdict import Answer, Verdict


class Ruling(StrEnum):
    """The answer to the question whether a caller may go on, for one vendor."""

    PASS = "pass"  # noqa: S105  a word, no password
    FAIL = "fail"
    UNKNOWN = "unknown"


class UnknownPolicy(StrEnum):
    """The caller's policy for an unknown state."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105  a word, no password


def ruling(verdict: Verdict, fail_on: State) -> Ruling:
    """Return whether a verdict is at least as bad as `fail_on`, a problem or maintenance."""
    if verdict.answer is Answer.UNKNOWN:
        return Ruling.UNKNOWN
    is_bad = verdict.state.is_known and verdict.state.rank <= fail_on.rank
    return Ruling.FAIL if is_bad else Ruling.PASS


def together(rulings: Iterable[Ruling], policy: UnknownPolicy) -> Ruling:
    """Return the ruling over several vendors: a problem outweighs doubt, and doubt a pass unless the policy says so."""
    found = set(rulings)
    if Ruling.FAIL in found:
        return Ruling.FAIL
    return Ruling.UNKNOWN if Ruling.UNKNOWN in found and policy is UnknownPolicy.FAIL else Ruling.PASS
