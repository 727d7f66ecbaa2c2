"""The state of a provider or a component now, the age of that knowledge, and the reason for it.

Comes in: what is remembered of a page. Goes out: a state with its age and reason, for every screen, metric and command.
Pure: `now` is a parameter.
"""

from tracker.assessment.gate import Ruling, UnknownPolicy, ruling, together
from tracker.assessment.known_page import KnownPage
from tracker.assessment.state import Assessment, Reason, State, assess, assess_component
from tracker.assessment.verdict import Answer, Verdict, is_it_them

__all__ = [
    "Answer",
    "Assessment",
    "KnownPage",
    "Reason",
    "Ruling",
    "State",
    "UnknownPolicy",
    "Verdict",
    "assess",
    "assess_component",
    "is_it_them",
    "ruling",
    "together",
]
