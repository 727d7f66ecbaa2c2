"""A receiver of your own: one JSON for each change, signed as Standard Webhooks 1.0.0 has it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tracker.alerting.caller import Call, Caller
from tracker.alerting.channel import AlertEntry, Message, Operation
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import Api, address
from tracker.environment.credentials import headers_of, secret_of
from tracker.errors import ConfigError
from tracker.model.channel import WebhookChannelConfig
from tracker.model.clock import Clock
from tracker.model.marks import safe_link
from tracker.model.plain import one_line, several_lines
from tracker.model.webhook_signature import message_id, signature, signing_keys

_TYPES: Final = {Operation.OPEN: "alert.opened", Operation.CHANGE: "alert.changed", Operation.CLOSE: "alert.closed"}
_MOST_UPDATES: Final = 100
_MOST_COMPONENTS: Final = 200
_LONGEST_ID: Final = 500


class WebhookChannel:
    """A request for each change, with the alert's state and history."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: WebhookChannelConfig, environ: Mapping[str, str], caller: Caller, clock: Clock) -> None:
        self._config = config
        self._environ = environ
        self._caller = caller
        self._api = Api(caller, config, "the receiver", "secret_env and headers_env")
        self._clock = clock

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Post the alert; key and version make the id by which a receiver recognises a repetition."""
        del handle, in_doubt
        sent_at = self._clock()
        key = message_id(f"{message.key}/{message.version}")
        body = msgspec.json.encode(
            {"type": _TYPES[message.act], "timestamp": wording.stamp(sent_at), "data": _data(message)}
        )
        headers = {
            **headers_of(self._config.headers_env, self._environ, self._config.place),
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "webhook-id": key,
            "webhook-timestamp": str(int(sent_at.timestamp())),
        }
        if keys := self._keys():
            headers["webhook-signature"] = signature(key, sent_at, body, keys)
        url = address(self._config, self._config.url, self._config.url_env, self._environ)
        call = Call(url=url, headers=headers, body=body, allow_private=self._config.allow_private)
        self._api.accepted(self._caller.call(call))
        return message.key

    def _keys(self) -> tuple[bytes, ...]:
        variable = self._config.secret_env
        if variable is None:
            return ()
        value = secret_of(variable, self._environ, place=self._config.place, key="secret_env")
        try:
            return signing_keys(value)
        except ValueError as error:
            raise ConfigError(
                f"{self._config.place}: the key in {variable} {error}; "
                'make one with: echo "whsec_$(openssl rand -base64 32)"'
            ) from None


def _data(message: Message) -> dict[str, Any]:
    return {
        "key": message.key,
        "version": message.version,
        "state": "closed" if message.act is Operation.CLOSE else "open",
        "title": wording.title(message),
        "provider": {"id": message.provider_id, "name": wording.provider(message)},
        "kind": message.kind,
        "severity": message.severity.value,
        "impact": one_line(message.impact, wording.TITLE),
        "status": one_line(message.status, wording.TITLE),
        "text": wording.newest_text(message),
        "updates": [_entry(entry) for entry in message.updates[-_MOST_UPDATES:]],
        "components": [one_line(name, wording.TITLE) for name in message.components[:_MOST_COMPONENTS]],
        "link": safe_link(message.link),
        "act_link": safe_link(message.act_link),
        "started_at": wording.stamp(message.started_at),
        "ended_at": wording.stamp(message.ended_at) if message.ended_at else None,
        "window": _window(message),
        "is_drill": message.is_drill,
        "labels": {name: one_line(text, wording.TITLE) for name, text in message.labels.items()},
        "children": [one_line(child, wording.TITLE) for child in message.children],
        "note": one_line(message.note, wording.TITLE),
    }


def _window(message: Message) -> dict[str, str | None] | None:
    if message.window is None:
        return None
    begin, end = message.window
    return {"begin": wording.stamp(begin), "end": wording.stamp(end) if end else None}


def _entry(entry: AlertEntry) -> dict[str, Any]:
    return {
        "id": one_line(entry.id, _LONGEST_ID),
        "at": wording.stamp(entry.at),
        "status": one_line(entry.status, wording.TITLE),
        "text": several_lines(entry.text, wording.TEXT),
        "is_edit": entry.is_edit,
        "is_worse": entry.is_worse,
    }
