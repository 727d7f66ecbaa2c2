"""A page that was not asked yet says so wherever its state shows, and is never called unknown."""

from datetime import timedelta

from prometheus_client.core import CollectorRegistry
from prometheus_client.registry import Collector

from tests.fakes import NOON, provider
from tracker.assessment import Assessment, Reason, State, assess
from tracker.assessment.gate import Ruling, ruling
from tracker.assessment.verdict import Answer, is_it_them
from tracker.cli.page_report import report, summary
from tracker.metrics.families import page_families
from tracker.model.page_state import PageState, PageView
from tracker.store.pages import PageStatus
from tracker.web import statuspage
from tracker.web.answers import provider_state
from tracker.web.badges import badge_of
from tracker.web.now import PageNow
from tracker.web.pages.rows import unread_row

NEW = assess(provider(), PageState(), PageView(), None, NOON)
DARK = Assessment(state=State.UNKNOWN, reason=Reason.UNREADABLE, read_at=NOON)
PAGE = PageNow(
    provider=provider(), state=PageState(), view=PageView(), checked_at=None, assessment=NEW, changed_at=NOON
)


def test_terminal_and_json_say_so() -> None:
    new = report(PageStatus(provider=provider(), state=PageState(), view=PageView()), NOON)

    assert (new.state, new.word) == ("not_asked", "not asked yet")
    assert summary([new]) == "1 page: 1 not asked yet"


def test_the_interface_and_shapes_of_others_say_so() -> None:
    scope = statuspage.StatusScope(id="all", name="All", url="http://x.example", pages=(PAGE,), updated_at=NOON)

    assert provider_state(PAGE, NOON).state is State.NOT_ASKED
    assert statuspage.status(scope)["description"] == "1 of 1 providers not asked yet"
    assert statuspage.components(scope)[0]["name"] == "Acme (not asked yet)"
    assert [badge_of("Acme", found).message for found in (NEW, DARK)] == ["not asked yet", "unknown"]


def test_metrics_say_so() -> None:
    class Pages(Collector):
        def collect(self):
            return page_families([PAGE], NOON)

    registry = CollectorRegistry()
    registry.register(Pages())
    labels = {state: {"provider": "acme", "state": state} for state in ("not_asked", "unknown")}

    assert registry.get_sample_value("tracker_provider_state", labels["not_asked"]) == 1
    assert registry.get_sample_value("tracker_provider_state", labels["unknown"]) == 0


def test_the_page_says_so() -> None:
    assert unread_row(PAGE).badge.word == "Not asked yet"


def test_nobody_takes_it_for_well() -> None:
    verdict = is_it_them(NEW, link=None, max_age_s=timedelta(minutes=5).total_seconds())

    assert verdict.answer is Answer.UNKNOWN
    assert ruling(verdict, State.MAINTENANCE) is Ruling.UNKNOWN
