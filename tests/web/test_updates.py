"""Updates reach whoever asks, each once and in order, over the long poll and over server-sent events."""

import threading
import time

import pytest

from tests.history.record import event
from tests.web.running import RunningWeb, provider, well
from tracker.store.connection import SCHEDULERS


def test_a_long_poll_ends_with_the_first_update_and_misses_none(web: RunningWeb) -> None:
    web.watch((provider(), well()))
    cursor = web.get("/api/v1/updates").json()["since"]
    assert cursor == "0-0"
    seen: list[str] = []

    def follow() -> None:
        since = cursor
        while len(seen) < 60:
            found = web.get(f"/api/v1/updates?since={since}&wait=20&limit=7").json()
            seen.extend(item["update_id"] for item in found["items"])
            since = found["since"]

    follower = threading.Thread(target=follow)
    follower.start()
    for start in range(0, 60, 5):
        web.happen(*(event(f"u{number}", number) for number in range(start, start + 5)))
    follower.join(20)
    assert seen == [f"u{number}" for number in range(60)]


def test_a_long_poll_without_an_update_ends_in_time_with_the_same_cursor(web: RunningWeb) -> None:
    web.happen(event("u1", 0))
    cursor = web.get("/api/v1/updates").json()["since"]
    answer = web.get(f"/api/v1/updates?since={cursor}&wait=0.3").json()
    assert (answer["items"], answer["since"]) == ([], cursor)


def test_a_cursor_that_is_not_on_record_any_more_is_gone(web: RunningWeb) -> None:
    web.happen(event("u1", 0))
    assert web.get("/api/v1/updates?since=5-0").status_code == 410
    assert web.get("/api/v1/updates?before=5-0").status_code == 410
    assert web.get("/api/v1/updates?since=five").status_code == 422


def test_pages_go_back_to_the_first_update(web: RunningWeb) -> None:
    web.happen(*(event(f"u{number}", number) for number in range(7)))
    seen, query = [], ""
    while query is not None:
        found = web.get(f"/api/v1/updates?limit=3{query}").json()
        seen += [item["update_id"] for item in found["items"]]
        query = f"&before={found['before']}" if found["before"] else None
    assert seen == [f"u{number}" for number in reversed(range(7))]


def test_events_come_live_and_resume_after_the_last_one_that_was_seen(web: RunningWeb) -> None:
    web.happen(event("u0", 0))
    assert len(web.get("/api/v1/updates?since=0-0&wait=20").json()["items"]) == 1
    with web.listening() as listener:
        web.happen(event("u1", 1), event("u2", 2))
        assert listener.updates(2) == ["u1", "u2"]
    with web.listening(**{"Last-Event-ID": "1001-0"}) as listener:  # that of u0
        web.happen(event("u3", 3))
        assert listener.updates(3) == ["u1", "u2", "u3"]
    with web.listening("/events?since=0-0&kind=incident_update&provider=acme") as listener:
        assert listener.updates(4) == ["u0", "u1", "u2", "u3"]
    with web.listening("/events?since=0-0&provider=zeta") as listener:
        web.happen(event("u4", 4), event("z1", 5, provider="zeta"))
        assert listener.updates(1) == ["z1"]


def test_an_id_that_is_not_on_record_any_more_is_said(web: RunningWeb) -> None:
    with web.listening(**{"Last-Event-ID": "7-7"}) as listener:
        listener.next("reset")
        web.happen(event("u1", 1))
        assert listener.updates(1) == ["u1"]


def test_no_event_is_missed_while_a_client_joins(web: RunningWeb) -> None:
    """Whoever joins in the middle of a storm gets what was before it joined and what came after, each once."""
    is_over = threading.Event()

    def storm() -> None:
        for number in range(80):
            web.happen(event(f"u{number}", number))
        is_over.set()

    storming = threading.Thread(target=storm)
    storming.start()
    seen = []
    while not is_over.is_set():
        with web.listening("/events?since=0-0") as listener:
            seen.append(listener.updates(40))
    storming.join()
    assert seen
    assert all(ids == [f"u{number}" for number in range(40)] for ids in seen)


def test_states_come_live(web: RunningWeb) -> None:
    with web.listening() as listener:
        web.watch((provider(), well()))
        _, state = listener.next("state")
        assert (state["id"], state["state"]) == ("acme", "operational")


def test_the_server_ends_at_once_though_somebody_listens(web: RunningWeb) -> None:
    with web.listening() as listener:
        poll = threading.Thread(target=web.get, args=("/api/v1/updates?since=0-0&wait=60",))
        poll.start()
        web.happen(event("u1", 1))
        listener.updates(1)
        assert web.stop() < 4
        assert list(listener.response.iter_lines()) == []
        poll.join()


def test_a_client_that_takes_nothing_is_dropped_and_harms_nobody(web: RunningWeb) -> None:
    long = "x" * 20_000
    with web.listening() as slow, web.listening() as quick:
        for start in range(0, 4000, 20):
            web.happen(*(event(f"u{number}", number, message=long) for number in range(start, start + 20)))
            assert quick.updates(20) == [f"u{number}" for number in range(start, start + 20)]
            if web.parts.live.dropped:
                break
        assert web.parts.live.dropped == 1
        assert web.parts.live.clients == 1
        assert slow.response.status_code == 200


def test_it_is_not_ready_while_readers_wait_too_long_for_pages(
    web: RunningWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.client.zadd(SCHEDULERS, {"beat": time.time()})
    monkeypatch.setattr(type(web.parts.attention), "waiting_s", 16.0)

    answer = web.get("/readyz")

    assert (answer.status_code, answer.json()["problems"]) == (503, ["the pages have not been read for too long"])


def test_it_is_ready_once_pages_are_asked_and_not_without_a_data_server(web: RunningWeb) -> None:
    assert web.get("/healthz").json()["status"] == "ok"
    answer = web.get("/readyz")
    assert (answer.status_code, answer.json()["problems"]) == (
        503,
        ["no scheduler has reported for a minute: no page is polled"],
    )
    web.client.zadd(SCHEDULERS, {"beat": time.time()})
    assert web.get("/readyz").status_code == 200
