"""Slack, with a bot token: https://docs.slack.dev/reference/methods/chat.postMessage.

The alert is one message, which is edited; updates are replies in its thread. Needs the scope chat:write; with
channels:history (private conversations: groups:history) a repetition is recognised by the message's metadata.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from tracker.alerting.caller import Caller, CallReply
from tracker.alerting.channel import Message, Operation
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import Api, handle_of, joined, remembered, secret
from tracker.alerting.channels.slack_text import reply_text, root_text
from tracker.errors import ChannelFailed, ChannelRefused, FetchError
from tracker.model.channel import SlackConfig
from tracker.model.plain import one_line

_EVENT: Final = "status_alert"
#: The id of the reply that says an alert ended, where no update says so.
_END: Final = "end"
_MOST_LOOKED_AT: Final = 200
#: Of a longer story that arrives late, the thread has the end.
_MOST_REPLIES: Final = 30
#: Errors that pass by themselves.
_TEMPORARY: Final = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
#: Those of them after which a part may be done.
_PARTLY_DONE: Final = frozenset({"internal_error", "fatal_error", "request_timeout"})
#: Errors that somebody fixes in Slack or in the configuration; alerts wait for that.
_REMEDIES: Final = {
    **dict.fromkeys(
        ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"), "check token_env"
    ),
    "missing_scope": "give the app the scope chat:write",
    "not_in_channel": "invite the app to the conversation",
    "channel_not_found": "check channel, and invite the app to it",
    "is_archived": "name another channel",
}
#: The message cannot be edited any more, or somebody deleted it.
_LOST: Final = frozenset({"message_not_found", "edit_window_closed", "cant_update_message"})


class _Thread(msgspec.Struct, frozen=True, omit_defaults=True):
    """The place of the alert's message, and the state of its thread."""

    channel: str
    ts: str
    #: Id of the newest update in the thread.
    newest: str | None = None
    is_closed: bool = False


class Slack:
    """A message for each alert, edited to its present state, with a reply for each update."""

    sends_every_update = True
    resend_every = None

    def __init__(self, config: SlackConfig, environ: Mapping[str, str], caller: Caller) -> None:
        self._config = config
        self._environ = environ
        self._api = Api(caller, config, "Slack", "token_env")

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Post or edit the message, then reply with each update that the thread lacks."""
        thread = remembered(handle, _Thread)
        edited = thread is not None and self._edit(thread, message)
        if thread is None or not edited:
            thread = (self._find(message) if in_doubt else None) or self._post(message)
        return handle_of(self._reply(thread, message, in_doubt=in_doubt))

    def _post(self, message: Message) -> _Thread:
        answer = self._ask("chat.postMessage", _root(self._config.channel, message), None)
        return _Thread(answer["channel"], answer["ts"])

    def _edit(self, thread: _Thread, message: Message) -> bool:
        """Edit the message; False when it cannot be edited any more."""
        handle = handle_of(thread)
        answer = self._raw("chat.update", {**_root(thread.channel, message), "ts": thread.ts}, handle)
        if answer.get("ok") is not True and answer.get("error") == "edit_window_closed":
            # The workspace forbids late edits; the thread still shows everything.
            return True
        if answer.get("error") in _LOST:
            return False
        self._refuse(answer, handle)
        return True

    def _reply(self, thread: _Thread, message: Message, *, in_doubt: bool) -> _Thread:
        """Add the missing messages to the thread, and return its state. Raises ChannelFailed with the state reached."""
        replies = list(_replies(thread, message))
        try:
            present = self._present(thread) if in_doubt and replies else frozenset()
            for entry_id, text, is_loud in replies:
                if entry_id not in present:
                    payload = {
                        **_plain(text, message.key, entry_id),
                        "channel": thread.channel,
                        "thread_ts": thread.ts,
                        "reply_broadcast": is_loud,
                    }
                    self._ask("chat.postMessage", payload, handle_of(thread))
                thread = msgspec.structs.replace(thread, newest=thread.newest if entry_id == _END else entry_id)
        except FetchError as error:
            # Parts that were sent already are not sent again.
            raise ChannelFailed(error.message, error.retry_after_s, handle_of(thread)) from error
        return msgspec.structs.replace(thread, is_closed=message.act is Operation.CLOSE)

    def _find(self, message: Message) -> _Thread | None:
        """Return the message that an earlier call may have left."""
        query = {"channel": self._config.channel, "limit": _MOST_LOOKED_AT, "include_all_metadata": "true"}
        for found in self._look("conversations.history", query):
            payload = _payload(found)
            if payload.get("key") == message.key and "entry" not in payload and isinstance(found.get("ts"), str):
                return _Thread(self._config.channel, found["ts"])
        return None

    def _present(self, thread: _Thread) -> frozenset[str]:
        """Return the ids of the updates that the thread holds."""
        query = {"channel": thread.channel, "ts": thread.ts, "limit": _MOST_LOOKED_AT, "include_all_metadata": "true"}
        entries = (_payload(found).get("entry") for found in self._look("conversations.replies", query))
        return frozenset(entry for entry in entries if isinstance(entry, str))

    def _look(self, method: str, query: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return messages; none where the app may not read them."""
        answer = self._raw(f"{method}?{urlencode(query)}", None, None)
        if answer.get("error") in _TEMPORARY:
            self._refuse(answer, None)
        messages = answer.get("messages")
        return [found for found in messages if isinstance(found, dict)] if isinstance(messages, list) else []

    def _ask(self, method: str, payload: Mapping[str, Any], handle: str | None) -> Mapping[str, Any]:
        """Return Slack's answer to a new message, which must not arrive twice."""
        answer = self._raw(method, payload, handle, is_repeatable=False)
        self._refuse(answer, handle)
        if not isinstance(answer.get("ts"), str) or not isinstance(answer.get("channel"), str):
            raise ChannelFailed(f"{self._config.place}: Slack named no message in its answer", None, handle)
        return answer

    def _raw(
        self, method: str, payload: Mapping[str, Any] | None, handle: str | None, *, is_repeatable: bool = True
    ) -> Mapping[str, Any]:
        token = secret(self._config, "token_env", self._config.token_env, self._environ)
        reply = self._api.call(
            joined(self._config.api_url, method),
            payload,
            method="GET" if payload is None else "POST",
            headers={"Authorization": f"Bearer {token}"},
            is_repeatable=is_repeatable,
        )
        return self._document(self._api.accepted(reply, handle), handle)

    def _document(self, reply: CallReply, handle: str | None) -> Mapping[str, Any]:
        try:
            return msgspec.json.decode(reply.body, type=dict[str, Any])
        except msgspec.DecodeError:
            sentence = f"{self._config.place}: Slack answered {HTTPStatus.OK.value} without JSON: {reply.text}"
            raise ChannelFailed(sentence, None, handle) from None

    def _refuse(self, answer: Mapping[str, Any], handle: str | None) -> None:
        if answer.get("ok") is True:
            return
        error = one_line(str(answer.get("error")), wording.TITLE)
        sentence = f"{self._config.place}: Slack answered {error}"
        if error in _REMEDIES:
            raise ChannelFailed(f"{sentence}; {_REMEDIES[error]}", None, handle, may_have_arrived=False)
        if error in _TEMPORARY:
            raise ChannelFailed(sentence, None, handle, may_have_arrived=error in _PARTLY_DONE)
        raise ChannelRefused(sentence, handle)


def _root(channel: str, message: Message) -> dict[str, Any]:
    return {**_plain(root_text(message), message.key), "channel": channel}


def _plain(text: str, key: str, entry_id: str | None = None) -> dict[str, Any]:
    """Return a message that shows nothing of what addresses lead to, and that can be recognised."""
    payload = {"key": key} if entry_id is None else {"key": key, "entry": entry_id}
    return {
        "text": text,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": _EVENT, "event_payload": payload},
    }


def _replies(thread: _Thread, message: Message) -> Iterator[tuple[str, str, bool]]:
    """Yield id, text and loudness of what the thread lacks; loud is what everybody in the conversation is to see."""
    entries = wording.entries_after(message, thread.newest)[-_MOST_REPLIES:]
    is_end = message.act is Operation.CLOSE and not thread.is_closed
    is_again = message.act is Operation.OPEN and thread.is_closed
    for entry in entries:
        # A story that opens calls nobody but by its message.
        is_worse = entry.is_worse and message.act is not Operation.OPEN
        yield entry.id, reply_text(entry), is_worse or (entry is entries[-1] and (is_end or is_again))
    if is_end and not entries:
        yield _END, wording.state(message), True


def _payload(found: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = found.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    return payload if isinstance(payload, dict) else {}
