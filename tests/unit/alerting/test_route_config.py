"""`[[route]]` and `[fallback]` in providers.toml: what they may hold, and the one sentence for each mistake."""

from datetime import UTC, datetime, time, timedelta

import pytest

from tracker.catalogue import read_alerting
from tracker.errors import ConfigError
from tracker.model.page import Impact
from tracker.model.route import AlertKind, QuietHours

CHANNELS = """
[[channel]]
name = "oncall"
type = "pagerduty"
routing_key_env = "PAGERDUTY_ROUTING_KEY"

[[channel]]
name = "chat"
type = "slack"
token_env = "SLACK_TOKEN"
channel = "C0123456789"
"""


def read(text: str):
    return read_alerting((CHANNELS + text).encode(), file="providers.toml")


def test_every_key_of_a_route_is_read() -> None:
    found = read(
        """
[[route]]
to = ["chat"]
providers = ["aws-*"]
groups = ["Payments"]
components = ["API*", "!Beta*"]
regions = ["eu-*"]
min_impact = "major"
kinds = ["incident", "page"]
after = "5m"
quiet_hours = { from = "22:00", to = "07:00", timezone = "Europe/Berlin", pass = "critical" }
repeat = "4h"
remind = "1h"
labels = { team = "payments" }
continue = true

[fallback]
to = ["chat"]
"""
    )
    (route,) = found.routes

    assert found.fallback == route.to == ("chat",)
    assert (route.after_s, route.repeat_s, route.remind_s, route.continues) == (300, 14400, 3600, True)
    assert (route.min_impact, route.kinds) == (Impact.MAJOR, (AlertKind.INCIDENT, AlertKind.PAGE))
    assert route.quiet_hours == QuietHours(
        start=time(22), end=time(7), timezone="Europe/Berlin", passes=Impact.CRITICAL
    )
    assert route.labels == (("team", "payments"),)


def test_quiet_hours_over_midnight_end_in_the_morning_of_their_own_time_zone() -> None:
    quiet = QuietHours(start=time(22), end=time(7), timezone="Europe/Berlin")

    assert quiet.ends_after(datetime(2026, 1, 1, 23, 30, tzinfo=UTC)) == datetime(2026, 1, 2, 6, tzinfo=UTC)
    assert quiet.ends_after(datetime(2026, 7, 1, 4, 59, tzinfo=UTC)) == datetime(2026, 7, 1, 5, tzinfo=UTC)
    assert quiet.ends_after(datetime(2026, 7, 1, 5, 0, tzinfo=UTC)) is None


@pytest.mark.parametrize(("end", "month", "day"), [(time(2, 30), 10, 25), (time(2, 30), 3, 29), (time(7), 10, 25)])
def test_quiet_hours_that_a_change_of_clocks_meets_end_once_and_later(end: time, month: int, day: int) -> None:
    quiet = QuietHours(start=time(22), end=end, timezone="Europe/Berlin")
    minutes = [datetime(2026, month, day, tzinfo=UTC) + timedelta(minutes=10 * count) for count in range(48)]
    found = [quiet.ends_after(minute) for minute in minutes]

    [ends_at] = {each for each in found if each is not None}
    assert [each is not None for each in found] == [minute < ends_at for minute in minutes]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[route]]", 'providers.toml: route 1: to is missing; add to = ["oncall"]'),
        ('[[route]]\nto = ["chats"]', 'route 1: to names "chats", which is not a [[channel]]; did you mean chat?'),
        ('[[route]]\nto = ["chat"]\nmin_impct = "major"', 'unknown key "min_impct"; did you mean min_impact?'),
        ('[[route]]\nto = ["chat"]\nmin_impact = "huge"', 'min_impact is "huge"; known are none, minor'),
        ('[[route]]\nto = ["chat"]\nafter = "5 minutes"', 'after is "5 minutes", not a duration up to 30 days'),
        ('[[route]]\nto = ["chat"]\nrepeat = 5', "repeat is 5, not a duration up to 30 days"),
        ('[[route]]\nto = ["chat"]\nquiet_hours = { from = "22" }', "quiet_hours needs from and to"),
        ('[[route]]\nto = ["chat"]\nquiet_hours = { from = "22:00", to = "24:00" }', 'is "24:00", not a time of day'),
        (
            '[[route]]\nto = ["chat"]\nquiet_hours = { from = "22:00", to = "07:00", timezone = "Berlin" }',
            'is "Berlin", which is not a time zone',
        ),
        ('[[route]]\nto = ["oncall"]\ndigest = "15m"', 'digest cannot go to "oncall", which holds an incident'),
        ('[[route]]\nto = ["chat"]\ndigest = "15m"\nrepeat = "1h"', "digest cannot be combined with after or repeat"),
        *(
            (
                f'[[route]]\nto = ["chat"]\n{key} = []',
                f"route 1: {key} is empty; leave it out for all, or write at least",
            )
            for key in ("providers", "groups", "components", "regions", "kinds")
        ),
        ("[fallback]\nto = []", "[fallback]: to is empty; write at least one"),
        ('[[routes]]\nto = ["chat"]', 'unknown table "routes"; did you mean [[route]]?'),
    ],
)
def test_an_error_is_one_sentence_with_its_place_and_its_remedy(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(text)

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
