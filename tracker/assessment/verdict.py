"""Is it them? One answer for scripts and people: yes, no or unknown, never a guess."""

from enum import StrEnum

import msgspec

from tracker.assessment.state import Assessment, State


class Answer(StrEnum):
    """The answer to the question whether a vendor has a problem."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """An answer and its reasons."""

    answer: Answer
    state: State
    evidence: str
    link: str | None
    age_s: float | None


def is_it_them(assessment: Assessment, *, link: str | None, max_age_s: float | None = None) -> Verdict:
    """Return whether a provider or component has a problem; knowledge older than `max_age_s` is unknown."""
    is_old = max_age_s is not None and (assessment.age_s is None or assessment.age_s > max_age_s)
    if not assessment.state.is_known or is_old:
        answer = Answer.UNKNOWN
    else:
        answer = Answer.YES if assessment.state.is_problem else Answer.NO
    evidence = "read longer ago than the allowed age" if is_old else assessment.evidence
    return Verdict(answer=answer, state=assessment.state, evidence=evidence, link=link, age_s=assessment.age_s)
