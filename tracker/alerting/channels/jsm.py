"""Jira Service Management Operations, integration events.

https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v1/api-group-integration-events/
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from tracker.alerting.caller import Caller
from tracker.alerting.channel import AlertEntry, Message, Operation, Severity
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import Api, handle_of, joined, remembered, secret
from tracker.model.channel import JsmConfig
from tracker.model.marks import safe_link
from tracker.model.plain import one_line, several_lines

_ALERTS: Final = "jsm/ops/integration/v2/alerts"
#: Longer texts are refused.
_MESSAGE, _DESCRIPTION, _NOTE, _ENTITY = 130, 15_000, 25_000, 512
_PRIORITIES: Final = {Severity.CRITICAL: "P1", Severity.ERROR: "P2", Severity.WARNING: "P3", Severity.INFO: "P5"}
_SOURCE: Final = "Status Page Tracker"


class _Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of the alert at the service."""

    #: Id of the newest update.
    entry: str | None = None
    is_closed: bool = False


class Jsm:
    """An alert for each alert; changes are notes on it."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: JsmConfig, environ: Mapping[str, str], caller: Caller) -> None:
        self._config = config
        self._environ = environ
        self._api = Api(caller, config, "Jira Service Management", "api_key_env")

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Create, add a note, or close; the alert's key is the alias."""
        del in_doubt
        shown = remembered(handle, _Shown)
        alert = f"{_ALERTS}/{quote(message.key, safe='')}"
        if message.act is Operation.CLOSE:
            self._post(f"{alert}/close?identifierType=alias", _note(message, _new_entries(message, shown)))
        elif shown is None or (shown.is_closed and message.act is Operation.OPEN):
            self._post(_ALERTS, _alert(message))
        else:
            self._post(f"{alert}/notes?identifierType=alias", _note(message, _new_entries(message, shown)))
        return handle_of(_Shown(wording.newest_id(message), message.act is Operation.CLOSE))

    def _post(self, path: str, payload: Mapping[str, Any]) -> None:
        key = secret(self._config, "api_key_env", self._config.api_key_env, self._environ)
        url = joined(self._config.api_url, path)
        self._api.accepted(self._api.call(url, payload, headers={"Authorization": f"GenieKey {key}"}))


def _alert(message: Message) -> dict[str, Any]:
    details = {"provider": message.provider_id, "kind": message.kind, "link": safe_link(message.link) or ""}
    facts = {name: text for name, text in wording.facts(message) if text}
    return {
        "message": one_line(wording.headline(message), _MESSAGE),
        "alias": message.key,
        "description": several_lines(_story(message), _DESCRIPTION),
        "entity": one_line(wording.provider(message), _ENTITY),
        "source": _SOURCE,
        "priority": _PRIORITIES[message.severity],
        "tags": ["status-page", message.kind, *(["drill"] if message.is_drill else [])],
        "details": {**{name: text for name, text in details.items() if text}, **facts},
    }


def _story(message: Message) -> str:
    lines = [wording.entry_line(entry) for entry in reversed(message.updates)] or [wording.newest_text(message)]
    return "\n\n".join([wording.state(message), *lines, wording.children(message)])


def _new_entries(message: Message, shown: _Shown | None) -> Sequence[AlertEntry]:
    return wording.entries_after(message, shown.entry if shown else None)


def _note(message: Message, entries: Sequence[AlertEntry]) -> dict[str, Any]:
    """Return a note with the alert's state, since the priority of an alert cannot be changed, and with the texts."""
    text = "\n\n".join([wording.state(message), *map(wording.entry_line, entries)])
    return {"note": several_lines(text, _NOTE), "source": _SOURCE}
