"""Traces: the last state of incidents, kept beyond their end, and changes that no update reported. Pure.

A change that no update reports needs an id of its own. It is named after what it leads to, `status/resolved`, and
numbered where it is not the first to lead there, so that a state which comes back is another change.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from tracker.model.page import Incident
from tracker.model.page_state import Trace

#: Incidents that are remembered, the ones seen last; several times what a page shows.
MOST_TRACES: Final = 300
#: Names of changes that are kept of each incident; whatever comes after them is numbered.
_MOST_NAMES: Final = 20


def trace_of(incident: Incident, known: Trace | None, *, reported: str) -> Trace:
    """Return the trace of an incident as it is shown now, of which `reported` is the status that was reported last."""
    newest = incident.updates[-1] if incident.updates else None
    return Trace(
        status=incident.status,
        impact=incident.impact or (known.impact if known else None),
        update_id=newest.id if newest else None,
        update_status=newest.status if newest else None,
        reported=None if reported == incident.status else reported,
        changes=known.changes if known else 0,
        names=known.names if known else (),
    )


def reported_status(trace: Trace) -> str:
    """Return the status that was reported last."""
    return trace.reported or trace.status


def numbered(trace: Trace, name: str) -> tuple[str, Trace]:
    """Return an id for a change of this name, and the trace that remembers it."""
    # A name that ends like a number that we give is numbered in any case.
    is_first = name not in trace.names and trace.changes < _MOST_NAMES and "#" not in name
    names = (*trace.names, name) if is_first else trace.names
    update_id = name if is_first else f"{name}#{trace.changes + 1}"
    return update_id, replace(trace, changes=trace.changes + 1, names=names)


def kept(before: Mapping[str, Trace], after: Mapping[str, Trace]) -> dict[str, Trace]:
    """Return the traces that are remembered: those of now, and of the others the ones seen last."""
    traces = {key: trace for key, trace in before.items() if key not in after} | dict(after)
    return dict(list(traces.items())[-MOST_TRACES:])
