"""A provider that is called otherwise in the file: nothing known of its page is lost, and nothing is reported again."""

from collections.abc import Mapping

import pytest
import redis

from tests.fakes import FakeClock, FakeFetcher, incident, incidents_json, page, provider, summary, update
from tracker.delivery.latency import Timing
from tracker.polling.observer import Observer
from tracker.polling.poller import Outcome, Poller
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import PREFIX, latency_key
from tracker.store.pages import RedisPages
from tracker.store.stream import RedisStream
from tracker.store.sync import Synced

FIRST, SECOND = "https://status.first.example", "https://status.second.example"


@pytest.fixture
def catalogue(client: "redis.Redis") -> RedisCatalogue:
    return RedisCatalogue(client)


class Running:
    """Pages that are polled through the data server, of a file that changes."""

    def __init__(self, client: "redis.Redis") -> None:
        self.clock = FakeClock()
        self.network = FakeFetcher()
        self._client = client
        self._catalogue = RedisCatalogue(client)
        self._poller = Poller(RedisPages(client), Observer(self.network), self.clock)

    def syncs(self, named: Mapping[str, str]) -> Synced:
        """Take over a file with these names and addresses."""
        entries = [provider(id=name.lower(), name=name, url=url, first_sight="open") for name, url in named.items()]
        return self._catalogue.put(entries, self.clock(), replacing="file")

    def shows(self, url: str, *updates: str) -> None:
        """Let the page have an open incident with these updates."""
        posted = [update(name, minute) for minute, name in enumerate(updates)]
        shown = page(incident("i1", *posted, name=f"Slow at {url}"), minute=len(updates))
        self.network.answers(f"{url}/api/v2/summary.json", summary(shown))
        self.network.answers(f"{url}/api/v2/incidents.json", incidents_json(shown))

    def polls(self) -> dict[str, Outcome]:
        """Poll every page once."""
        self.clock.passes(minutes=1)
        polls = {known.name: self._poller.poll(known.id) for known in self._catalogue.providers()}
        return {name: poll.outcome for name, poll in polls.items()}

    @property
    def reported(self) -> list[tuple[str, str, str]]:
        """Return what was reported: by which name, as which event, under which id."""
        events = [streamed.event for streamed in RedisStream(self._client).read("0-0", 100)]
        return [(event.provider_name, str(event.event), event.id) for event in events]


@pytest.fixture
def running(client: "redis.Redis") -> Running:
    return Running(client)


def test_a_renamed_provider_goes_on_where_it_was(running: Running) -> None:
    running.shows(FIRST, "u1")
    assert running.syncs({"Acme": FIRST}) == Synced(added=1, changed=0, removed=0)
    running.polls()

    synced = running.syncs({"Corp": f"{FIRST}/"})
    quiet = running.polls()
    running.shows(FIRST, "u1", "u2")
    running.polls()

    assert synced == Synced(added=0, changed=1, removed=0, kept_ids=(("Corp", "acme"),))
    assert quiet == {"Corp": Outcome.QUIET}
    assert running.reported == [("Acme", "new_incident", "acme/i1/u1"), ("Corp", "incident_update", "acme/i1/u2")]


def test_names_that_are_swapped_follow_their_pages(running: Running) -> None:
    for url in (FIRST, SECOND):
        running.shows(url, "u1")
    running.syncs({"Acme": FIRST, "Corp": SECOND})
    running.polls()
    reported = running.reported

    running.syncs({"Corp": FIRST, "Acme": SECOND})
    running.polls()
    assert running.reported == reported

    running.shows(SECOND, "u1", "u2")
    running.polls()
    assert running.reported[2:] == [("Acme", "incident_update", "corp/i1/u2")]


def test_a_name_that_is_given_back_and_a_restart_change_nothing(running: Running) -> None:
    running.shows(FIRST, "u1")
    for name in ("Acme", "Corp", "Corp", "Inc", "Acme", "Acme"):
        running.syncs({name: FIRST})
        running.polls()

    assert running.reported == [("Acme", "new_incident", "acme/i1/u1")]


def test_a_page_that_is_new_is_reported_under_an_id_of_its_own(running: Running) -> None:
    for url in (FIRST, SECOND):
        running.shows(url, "u1")
    running.syncs({"Acme": FIRST})
    running.polls()

    running.syncs({"Corp": FIRST, "Acme": SECOND})
    running.polls()

    assert running.reported == [("Acme", "new_incident", "acme/i1/u1"), ("Acme", "new_incident", "acme-2/i1/u1")]


def test_another_address_is_another_page_under_a_new_name_as_well(running: Running) -> None:
    for url in (FIRST, SECOND):
        running.shows(url, "u1")
    running.syncs({"Acme": FIRST})
    running.polls()

    synced = running.syncs({"Corp": SECOND})
    running.polls()

    assert (synced.added, synced.removed, synced.kept_ids) == (1, 1, ())
    assert running.reported[1:] == [("Corp", "new_incident", "corp/i1/u1")]


def test_an_address_that_is_written_otherwise_is_the_same_page(running: Running) -> None:
    running.shows(FIRST, "u1")
    for url in (FIRST, f"{FIRST}/", FIRST.replace("https", "http"), f"{FIRST}:443"):
        running.syncs({"Acme": url})
        running.polls()

    assert len(running.reported) == 1


def test_all_keys_of_a_page_stay_and_no_others_come(
    client: "redis.Redis", catalogue: RedisCatalogue, running: Running
) -> None:
    running.shows(FIRST, "u1")
    running.syncs({"Acme": FIRST})
    running.polls()
    timing = Timing(stream_id="1-0", published_s=1.0, unseen_s=1.0, logged_s=1.0)
    RedisStream(client).save_timings("record", "1-0", {"acme": [timing]})
    before = sorted(client.scan_iter(f"{PREFIX}*"))

    running.syncs({"Corp": FIRST})

    assert sorted(client.scan_iter(f"{PREFIX}*")) == before
    assert client.exists(latency_key("acme"))
    (known,) = catalogue.providers()
    assert (known.id, known.name) == ("acme", "Corp")
