"""Whatever is asked of the interfaces as their own description allows or forbids it, none of them fails."""

import pytest
import redis
from hypothesis import HealthCheck, Phase, given, settings

from tests.history.record import component, event, unreadable
from tests.web.running import RunningWeb, failing, provider, well
from tracker.environment.web import WebSettings
from tracker.model.event import EventKind

TOKEN = "acts-" + "a" * 20


def _ask(web: RunningWeb, examples: int) -> int:
    """Ask each operation so many times; return how many there are."""
    import schemathesis  # noqa: PLC0415  only here, and each process of the tests loads this module
    from schemathesis.checks import not_a_server_error  # noqa: PLC0415

    web.watch((provider(group="shop"), failing()), (provider("zeta"), well()))
    web.happen(
        event("u1", kind=EventKind.NEW_INCIDENT),
        component("partial_outage", 1),
        *unreadable(2, 9),
        event("m1", kind=EventKind.MAINTENANCE_UPDATE, incident_id="m", status="scheduled"),
    )
    schema = schemathesis.openapi.from_url(f"{web.url}/openapi.json")
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in ("/events", "/readyz"):
            continue  # the one never ends, the other answers 503 where no beat reports
        asked += 1

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: "schemathesis.Case") -> None:
            if "wait" in (case.query or {}):
                case.query["wait"] = 0
            case.call_and_validate(checks=[not_a_server_error], headers={"Authorization": f"Bearer {TOKEN}"})

        ask()
    return asked


def test_no_operation_fails(valkey: "redis.Redis", tmp_path) -> None:
    with RunningWeb(valkey, tmp_path, WebSettings(act_token=TOKEN)) as web:
        assert _ask(web, 4) >= 15


@pytest.mark.faults
def test_no_operation_fails_whatever_is_asked(valkey: "redis.Redis", tmp_path) -> None:
    with RunningWeb(valkey, tmp_path, WebSettings(act_token=TOKEN)) as web:
        assert _ask(web, 150) >= 15
