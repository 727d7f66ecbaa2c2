"""PagerDuty, Events API v2: https://developer.pagerduty.com/docs/send-alert-event."""

from collections.abc import Mapping
from typing import Any, Final

from tracker.alerting.caller import Caller
from tracker.alerting.channel import Message, Operation
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import Api, joined, secret
from tracker.model.channel import PagerDutyConfig
from tracker.model.marks import safe_link
from tracker.model.plain import one_line

#: Of an event, 512 KB are taken; of its summary, 1024 characters.
_SUMMARY: Final = 1024
_MOST_UPDATES: Final = 50


class PagerDuty:
    """An incident for each alert; each change is written to its log, and does not page again."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: PagerDutyConfig, environ: Mapping[str, str], caller: Caller) -> None:
        self._config = config
        self._environ = environ
        self._api = Api(caller, config, "PagerDuty", "routing_key_env")

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Trigger or resolve; the alert's key is the dedup key, so that a repetition does no harm."""
        del handle, in_doubt
        key = secret(self._config, "routing_key_env", self._config.routing_key_env, self._environ)
        event = {"routing_key": key, "dedup_key": message.key, **_event(message)}
        reply = self._api.call(joined(self._config.api_url, "v2/enqueue"), event, secrets=(key,))
        self._api.accepted(reply)
        return message.key


def _event(message: Message) -> dict[str, Any]:
    if message.act is Operation.CLOSE:
        return {"event_action": "resolve"}
    link = safe_link(message.link)
    return {
        "event_action": "trigger",
        "client": "Status Page Tracker",
        **({"client_url": link, "links": [{"href": link, "text": "Status page"}]} if link else {}),
        "payload": {
            "summary": one_line(f"{wording.headline(message)} ({wording.status(message.status)})", _SUMMARY),
            "source": message.provider_id,
            "severity": message.severity.value,
            "timestamp": wording.stamp(message.started_at),
            "group": wording.provider(message),
            "class": message.kind,
            **({"component": wording.components(message)} if message.components else {}),
            "custom_details": _details(message),
        },
    }


def _details(message: Message) -> dict[str, Any]:
    details: dict[str, Any] = dict(wording.facts(message))
    details["Status"] = wording.status(message.status)
    if message.text:
        details["Latest update"] = wording.newest_text(message)
    if message.updates:
        details["Updates"] = [wording.entry_line(entry) for entry in message.updates[-_MOST_UPDATES:]]
    if children := wording.children(message):
        details["Alerts"] = children
    return details
