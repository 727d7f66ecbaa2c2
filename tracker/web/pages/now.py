"""The page Now: problems first, then unreadable pages, then maintenance, then providers that work. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from tracker.assessment import State
from tracker.model.component_names import alike
from tracker.web.now import PageNow
from tracker.web.pages.badges import Badge, state_badge
from tracker.web.pages.claims import Acknowledgement
from tracker.web.pages.rows import (
    OTHERS,
    Fold,
    LatestUpdate,
    ProblemRow,
    Unread,
    Work,
    by_order,
    folds,
    problem_row,
    unread_row,
    work_rows,
)
from tracker.web.pages.wording import counted


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """The filters in the address."""

    words: str = ""
    group: str = ""
    state: State | None = None

    @property
    def is_set(self) -> bool:
        """Return whether anything is left out."""
        return bool(self.words.strip() or self.group or self.state)


class NowPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    headline: str
    counts: tuple[tuple[State, Badge, int], ...]
    problems: tuple[ProblemRow, ...]
    unread: tuple[Unread, ...]
    works: tuple[Work, ...]
    later: tuple[Work, ...]
    folds: tuple[Fold, ...]
    groups: tuple[str, ...]
    filter: Filter

    @property
    def is_empty(self) -> bool:
        """Return whether no row is left."""
        return not (self.problems or self.unread or self.works or self.folds)

    @property
    def working(self) -> int:
        """Return the number of rows in the folds."""
        return sum(len(fold.rows) for fold in self.folds)


def now_page(
    pages: Sequence[PageNow],
    now: datetime,
    asked: Filter,
    said: Mapping[tuple[str, str], LatestUpdate] | None = None,
    only: Collection[str] | None = None,
    *,
    has_working: bool = True,
    claims: Mapping[str, Acknowledgement] | None = None,
) -> NowPage:
    """Return the page; `said` is by provider and incident, `claims` by provider.

    With `only` it has the rows of these providers alone; without `has_working` no rows of providers that work.
    """
    counts = Counter(each.assessment.state for each in pages)
    shown = [each for each in pages if _is_shown(each, asked) and (only is None or each.provider.id in only)]
    claims = claims or {}
    problems = [
        problem_row(each, said or {}, claims.get(each.provider.id))
        for each in shown
        if each.assessment.state.is_problem
    ]
    unread = [unread_row(each) for each in shown if not each.assessment.state.is_known]
    works = [work for each in shown for work in work_rows(each, now) if _wants_work(asked, each, work)]
    return NowPage(
        headline=headline(counts),
        counts=tuple(
            (state, state_badge(state), counts[state])
            for state in State
            if state is not State.NOT_ASKED or counts[state]
        ),
        problems=tuple(sorted(problems, key=by_order)),
        unread=tuple(sorted(unread, key=by_order)),
        works=tuple(sorted((work for work in works if work.is_running), key=by_order)),
        later=tuple(sorted((work for work in works if not work.is_running), key=by_order)),
        folds=folds(shown, pages, now) if has_working else (),
        groups=groups_of(pages),
        filter=asked,
    )


def groups_of(pages: Iterable[PageNow]) -> tuple[str, ...]:
    """Return the names of the groups, sorted."""
    return tuple(sorted({each.provider.group for each in pages if each.provider.group}, key=str.casefold))


def headline(counts: Mapping[State, int]) -> str:
    """Return the state of all, in one sentence with its numbers."""
    watched = sum(counts.values())
    if watched <= 1:
        return _alone(next((state for state, number in counts.items() if number), None))
    problems = sum(number for state, number in counts.items() if state.is_problem)
    unread, unasked = counts.get(State.UNKNOWN, 0), counts.get(State.NOT_ASKED, 0)
    of_all = f"of {counted(watched, 'provider')}"
    dark = ((unread, "cannot be read"), (unasked, "not asked yet"))
    if problems:
        end = "".join(f", {number:,} {words}" for number, words in dark if number)
        return f"{problems:,} {of_all} {'has' if problems == 1 else 'have'} problems{end}"
    if unasked == watched:
        return f"None {of_all} was asked yet"
    if unread == watched:
        return f"None {of_all} is known now"
    if unread or unasked:
        (first, words), *others = [(number, words) for number, words in dark if number]
        end = "".join(f", {number:,} {words}" for number, words in others)
        return f"No problems known, {first:,} {of_all} {words}{end}"
    under = counts.get(State.MAINTENANCE, 0)
    return f"All {watched:,} providers work{f', {under:,} under maintenance' if under else ''}"


def _alone(state: State | None) -> str:
    """Return the sentence for one provider, or for none."""
    if state is None:
        return "Nothing is watched yet"
    said = {
        State.UNKNOWN: "is not known now",
        State.NOT_ASKED: "was not asked yet",
        State.MAINTENANCE: "is under maintenance",
        State.OPERATIONAL: "works",
    }
    return f"The only provider {said.get(state, 'has problems')}"


def _is_shown(each: PageNow, asked: Filter) -> bool:
    provider = each.provider
    if asked.group and (provider.group or OTHERS) != asked.group:
        return False
    if asked.state and each.assessment.state is not asked.state:
        return asked.state is State.MAINTENANCE and bool(each.view.open_maintenances)
    if not asked.words.strip():
        return True
    titles = (incident.name for incident in each.view.going_on)
    text = alike(" ".join((provider.id, provider.name, provider.group or "", *titles)))
    return all(alike(word) in text for word in asked.words.split())


def _wants_work(asked: Filter, each: PageNow, work: Work) -> bool:
    if asked.state is None:
        return True
    return asked.state is State.MAINTENANCE or (work.is_running and each.assessment.state is asked.state)
