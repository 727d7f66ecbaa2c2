"""The story on simulated pages: an incident from opening to end in about a minute, again and again."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from tracker.model.clock import utc_now
from tracker.model.page import ComponentStatus, Impact
from tracker.simulator.plots import PLOTS, Plot
from tracker.simulator.vendor import Page

#: The length of the story, in seconds.
STORY_S = 80.0
_WINDOW = timedelta(minutes=30)
_HISTORY = timedelta(days=45)


@dataclass(slots=True)
class Scene:
    """One run of the story on one page."""

    page: Page
    plot: Plot
    #: The speed at which the story is played: 2 is twice as fast.
    speed: float = 1.0
    incident_id: str = ""
    maintenance_id: str = ""


def _investigating(scene: Scene) -> None:
    plot = scene.plot
    components = {plot.culprit: ComponentStatus.MAJOR_OUTAGE, plot.victim: ComponentStatus.DEGRADED_PERFORMANCE}
    scene.incident_id = scene.page.open_incident(
        plot.title, Impact.MAJOR, "investigating", plot.investigating, components
    )


def _spreading(scene: Scene) -> None:
    scene.page.set_component(scene.plot.victim, ComponentStatus.PARTIAL_OUTAGE)


def _identified(scene: Scene) -> None:
    scene.page.post_update(scene.incident_id, "identified", scene.plot.identified)


def _scheduled(scene: Scene) -> None:
    begins_in_s = (_SCENE_AT_S[_in_progress] - _SCENE_AT_S[_scheduled]) / scene.speed
    begins_at = scene.page.now() + timedelta(seconds=begins_in_s)
    scene.maintenance_id = scene.page.schedule_maintenance(
        scene.plot.maintenance,
        begins_at,
        begins_at + _WINDOW,
        scene.plot.maintenance_body,
        [scene.plot.maintained],
    )


def _monitoring(scene: Scene) -> None:
    recovering = {
        scene.plot.culprit: ComponentStatus.DEGRADED_PERFORMANCE,
        scene.plot.victim: ComponentStatus.OPERATIONAL,
    }
    scene.page.post_update(scene.incident_id, "monitoring", scene.plot.monitoring, recovering)


def _resolved(scene: Scene) -> None:
    scene.page.resolve(scene.incident_id, scene.plot.resolved)


def _in_progress(scene: Scene) -> None:
    scene.page.advance_maintenance(scene.maintenance_id)


def _completed(scene: Scene) -> None:
    scene.page.advance_maintenance(scene.maintenance_id)  # verifying
    scene.page.advance_maintenance(scene.maintenance_id)


#: The events of the story, each with its time in seconds from its beginning.
SCENES: tuple[tuple[float, Callable[[Scene], None]], ...] = (
    (2.0, _investigating),
    (9.0, _spreading),
    (17.0, _identified),
    (25.0, _scheduled),
    (33.0, _monitoring),
    (42.0, _resolved),
    (50.0, _in_progress),
    (60.0, _completed),
)
_SCENE_AT_S = {event: at_s for at_s, event in SCENES}


def demo_page(number: int = 1, *, clock: Callable[[], datetime] = utc_now) -> Page:
    """Return a page with some weeks of history, in which all incidents have ended."""
    began_at = clock() - _HISTORY
    name = "Acme Cloud" if number == 1 else f"Acme Cloud {number}"
    page = Page(name, id=f"acme-{number}", seed=number, clock=clock, now=began_at)
    for week in range(1, len(PLOTS) + 1):
        _play_past(page, PLOTS[(number + week) % len(PLOTS)], began_at + timedelta(weeks=week))
    return page


def play(pages: Sequence[Page], wait: Callable[[float], bool], *, speed: float = 1.0) -> None:
    """Play on all pages at once, evenly spread over the story's length, until `wait(seconds)` returns true.

    `threading.Event().wait` is such a function.
    """
    timelines = [_timeline(page, number, STORY_S * number / len(pages), speed) for number, page in enumerate(pages)]
    reached_s = 0.0
    for due_s, _, event, scene in heapq.merge(*timelines, key=lambda entry: entry[:2]):
        if wait((due_s - reached_s) / speed):
            return
        reached_s = due_s
        event(scene)


def _timeline(
    page: Page, number: int, offset_s: float, speed: float
) -> Iterator[tuple[float, int, Callable[[Scene], None], Scene]]:
    """Yield the events of one page, one run after the other, each with another plot."""
    for repetition in count():
        scene = Scene(page, PLOTS[(number + repetition) % len(PLOTS)], speed)
        for at_s, event in SCENES:
            yield offset_s + repetition * STORY_S + at_s, number, event, scene


def _play_past(page: Page, plot: Plot, began_at: datetime) -> None:
    """Play an incident that ended long ago."""
    components = {plot.culprit: ComponentStatus.PARTIAL_OUTAGE}
    incident_id = page.open_incident(
        plot.title, Impact.MINOR, "investigating", plot.investigating, components, now=began_at
    )
    page.post_update(incident_id, "identified", plot.identified, now=began_at + timedelta(minutes=24))
    page.post_update(incident_id, "monitoring", plot.monitoring, now=began_at + timedelta(minutes=51))
    page.resolve(incident_id, plot.resolved, now=began_at + timedelta(hours=2))
