"""Prometheus Alertmanager, API v2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml.

An alert is its labels. So titles are annotations, and a severity that changes ends one alert and begins another: with
`group_by: [provider, incident]` receivers see one group that fires until the end.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from tracker.alerting.caller import Caller
from tracker.alerting.channel import Message, Operation
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import Api, handle_of, joined, remembered
from tracker.environment.credentials import headers_of
from tracker.model.channel import AlertmanagerConfig
from tracker.model.clock import Clock
from tracker.model.marks import safe_link
from tracker.model.plain import one_line

#: An Alertmanager that was started again knows no alert until it is sent again.
_RESEND_EVERY: Final = timedelta(minutes=2)
#: Without this an alert would end after Alertmanager's `resolve_timeout` (5 minutes) if the tracker is away: "resolved"
#: would be a lie. With it, nothing is said for a day.
_HOLDS_FOR: Final = timedelta(hours=24)
_LABEL: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,99}")
_NAMES: Final = {
    "incident": "VendorIncident",
    "maintenance": "VendorMaintenance",
    "component": "VendorComponent",
    "page": "StatusPageUnreadable",
    "tracker": "StatusPageTracker",
}


class _Firing(msgspec.Struct, frozen=True):
    """The alert that fires now."""

    labels: dict[str, str]
    starts_at: str


class Alertmanager:
    """An alert for each alert; its labels change with the severity alone."""

    sends_every_update = False
    resend_every = _RESEND_EVERY

    def __init__(self, config: AlertmanagerConfig, environ: Mapping[str, str], caller: Caller, clock: Clock) -> None:
        self._config = config
        self._environ = environ
        self._api = Api(caller, config, "Alertmanager", "headers_env")
        self._clock = clock

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Fire or end; one call ends the alert of the former severity and begins that of the new one."""
        del in_doubt
        now = self._clock()
        before = remembered(handle, _Firing)
        firing = self._firing(message, before, now)
        alerts = []
        if before is not None and before.labels != firing.labels:
            alerts.append(_alert(message, before, now))
        # The end of the incident may lie before the alert's begin: it ends when we learn of it.
        alerts.append(_alert(message, firing, now if message.act is Operation.CLOSE else now + _HOLDS_FOR))
        url = joined(self._config.api_url, "api/v2/alerts")
        headers = headers_of(self._config.headers_env, self._environ, self._config.place)
        self._api.accepted(self._api.call(url, alerts, headers=headers), handle)
        return handle_of(firing)

    def _firing(self, message: Message, before: _Firing | None, now: datetime) -> _Firing:
        """Return the alert that fires from now on, or that ends."""
        labels = self._labels(message)
        if before is None:
            return _Firing(labels, wording.stamp(min(message.started_at, now)))
        is_same = message.act is Operation.CLOSE or before.labels == labels
        return before if is_same else _Firing(labels, wording.stamp(now))

    def _labels(self, message: Message) -> dict[str, str]:
        """Return the labels of the alert, trusted words first: nothing of the vendor's own text is in it."""
        given = {name: one_line(text, wording.TITLE) for name, text in message.labels.items() if _LABEL.fullmatch(name)}
        own = {
            "alertname": _NAMES.get(message.kind, "VendorAlert"),
            "provider": message.provider_id,
            "incident": message.key,
            "kind": message.kind,
            "severity": message.severity.value,
        }
        return {**dict(self._config.labels), **given, **own, **({"drill": "true"} if message.is_drill else {})}


def _alert(message: Message, firing: _Firing, ends_at: datetime) -> dict[str, Any]:
    annotations = {
        "summary": wording.headline(message),
        "description": wording.newest_text(message),
        "status": wording.state(message),
        "impact": wording.status(message.impact),
        "components": wording.components(message),
        "note": one_line(message.note, wording.TITLE),
        "alerts": wording.children(message),
        "acknowledge": safe_link(message.act_link) or "",
    }
    link = safe_link(message.link)
    return {
        "labels": firing.labels,
        "annotations": {name: text for name, text in annotations.items() if text},
        "startsAt": firing.starts_at,
        "endsAt": wording.stamp(ends_at),
        **({"generatorURL": link} if link else {}),
    }
