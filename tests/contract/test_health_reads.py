"""What `tracker up` reads of its pages for the health line: those that changed, and no others."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
import redis

from tests.fakes import NOON, provider
from tracker.model.page_state import PageState, Readability
from tracker.model.provider import Provider
from tracker.polling.page_store import Commit
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import POLLS
from tracker.store.pages import PageStatus, RedisPages
from tracker.supervise.watch import Watch

LATER = NOON + timedelta(minutes=1)
FAILING = PageState(
    url="u", readability=Readability(failures=3, failing_since=NOON, failure_reason="dns", failure="no such host")
)


class Counted(RedisCatalogue):
    """A catalogue that remembers whose status was read."""

    def __init__(self, client: "redis.Redis") -> None:
        super().__init__(client)
        self.read: list[str] = []
        self.compared = 0

    def revisions(self, provider_ids: Sequence[str]) -> tuple[bytes, ...]:
        self.compared += 1
        return super().revisions(provider_ids)

    def statuses_of(self, providers: Sequence[Provider]) -> Iterator[PageStatus]:
        self.read += [provider.id for provider in providers]
        return super().statuses_of(providers)


@pytest.fixture
def catalogue(client: "redis.Redis") -> Counted:
    """Two pages, A and B."""
    catalogue = Counted(client)
    catalogue.put([provider(id="a", name="A"), provider(id="b", name="B")], NOON)
    return catalogue


def test_pages_that_were_never_asked_are_said_to_be(catalogue: Counted) -> None:
    assert [(page.name, page.is_asked) for page in Watch(catalogue).look()] == [("A", False), ("B", False)]


def test_only_a_page_that_changed_is_read_again(client: "redis.Redis", catalogue: Counted) -> None:
    watch = Watch(catalogue)
    watch.look()
    catalogue.read.clear()
    pages = RedisPages(client)
    pages.commit(pages.begin("b", NOON), Commit(state=FAILING, checked_at=NOON))

    assert [page.failure for page in watch.look()] == [None, "no such host"]
    assert catalogue.read == ["b"]

    # A quiet poll changes nothing that is reported.
    compared = catalogue.compared
    pages.commit(pages.begin("b", LATER), Commit(checked_at=LATER))
    assert [page.failure for page in watch.look()] == [None, "no such host"]
    assert (catalogue.read, catalogue.compared) == (["b"], compared)


def test_a_change_by_a_worker_of_an_earlier_version_is_noticed(client: "redis.Redis", catalogue: Counted) -> None:
    watch, pages = Watch(catalogue), RedisPages(client)
    watch.look()
    pages.commit(pages.begin("b", NOON), Commit(state=FAILING, checked_at=NOON))
    client.delete(POLLS)

    assert [page.failure for page in watch.look()] == [None, "no such host"]


def test_providers_that_come_and_go_are_noticed(catalogue: Counted) -> None:
    watch = Watch(catalogue)
    watch.look()

    catalogue.remove(["a"])
    catalogue.put([provider(id="c", name="C")], NOON)

    assert [page.name for page in watch.look()] == ["B", "C"]


def test_more_pages_than_one_call_asks_about_keep_their_order(catalogue: Counted) -> None:
    catalogue.put([provider(id=f"p{number:04}", name=f"P{number:04}") for number in range(2300)], NOON)

    names = [page.name for page in Watch(catalogue).look()]

    assert names == ["A", "B", *(f"P{number:04}" for number in range(2300))]
