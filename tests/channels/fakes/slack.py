"""Slack's Web API and incoming webhooks.

After https://docs.slack.dev/reference/methods (chat.postMessage, chat.update, conversations.history and .replies) and
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
"""

from typing import Any

from tests.channels.fakes.service import Answered, Asked, FakeService, Fault, Shown, Wrong, refuse

TOKEN = "xoxb-t0ken-0123456789"
CHANNEL = "C0123456789"
NAME = "#ops"
_OVER = ":white_check_mark:"
_LONGEST = 40_000


class FakeSlack(FakeService):
    """One conversation with threads. Errors come with status 200, as Slack's do."""

    def __init__(self, *, may_read: bool = True) -> None:
        super().__init__()
        self.may_read = may_read
        self.messages: list[dict[str, Any]] = []
        self.is_late = False

    def carry_out(self, asked: Asked) -> Answered:
        self._refuse(asked.headers.get("authorization") != f"Bearer {TOKEN}", "invalid_auth")
        method = asked.path.removeprefix("/api/")
        if method in {"conversations.history", "conversations.replies"}:
            return self._read(method, asked)
        kind = asked.headers.get("content-type", "")
        self._refuse(asked.method != "POST" or not kind.startswith("application/json"), "invalid_arg_name")
        body = asked.json
        self._refuse(not body.get("text"), "no_text")
        self._refuse(len(body["text"]) > _LONGEST, "msg_too_long")
        metadata = body.get("metadata", {"event_type": "x", "event_payload": {}})
        is_whole = metadata["event_type"] and isinstance(metadata["event_payload"], dict)
        self._refuse(not is_whole, "metadata_must_be_object")
        if method == "chat.postMessage":
            return self._post(body)
        self._refuse(method != "chat.update", "unknown_method")
        return self._update(body)

    def failure(self, fault: Fault) -> Answered:
        match fault:
            case Fault.WHO:
                return Answered(200, {"ok": False, "error": "token_revoked"})
            case Fault.REFUSED:
                return Answered(200, {"ok": False, "error": "msg_too_long"})
            case Fault.AWAY:
                return Answered(200, {"ok": False, "error": "service_unavailable"})
            case _:
                return super().failure(fault)

    def _post(self, body: dict[str, Any]) -> Answered:
        self._refuse(body.get("channel") not in {CHANNEL, NAME}, "channel_not_found")
        thread = body.get("thread_ts")
        self._refuse(thread is not None and self._found(thread) is None, "thread_not_found")
        ts = f"1764200000.{len(self.messages) + 1:06}"
        self.messages.append({**body, "ts": ts, "edits": 0})
        return Answered(200, {"ok": True, "channel": CHANNEL, "ts": ts})

    def _update(self, body: dict[str, Any]) -> Answered:
        self._refuse(body.get("channel") != CHANNEL, "channel_not_found")
        message = self._found(body.get("ts"))
        self._refuse(message is None, "message_not_found")
        self._refuse(self.is_late, "edit_window_closed")
        assert message
        message.update(text=body["text"], metadata=body.get("metadata", message.get("metadata")))
        message["edits"] += 1
        return Answered(200, {"ok": True, "channel": CHANNEL, "ts": message["ts"]})

    def _read(self, method: str, asked: Asked) -> Answered:
        self._refuse(not self.may_read, "missing_scope")
        self._refuse(asked.query.get("channel") != CHANNEL, "channel_not_found")
        shows_metadata = asked.query.get("include_all_metadata") == "true"
        if method == "conversations.history":
            found = [each for each in self.messages if "thread_ts" not in each]
        else:
            found = [each for each in self.messages if asked.query["ts"] in (each["ts"], each.get("thread_ts"))]
        kept = ("ts", "text", *(("metadata",) if shows_metadata else ()))
        shown = [{name: each[name] for name in kept if name in each} for each in found]
        # A conversation is read from its newest message, a thread from its first.
        ordered = shown[::-1] if method == "conversations.history" else shown
        return Answered(200, {"ok": True, "messages": ordered[: int(asked.query.get("limit", "100"))]})

    def _found(self, ts: Any) -> dict[str, Any] | None:
        return next((each for each in self.messages if each["ts"] == ts), None)

    @staticmethod
    def _refuse(condition: object, error: str) -> None:
        if condition:
            raise Wrong(Answered(200, {"ok": False, "error": error}))

    def replies(self, root: dict[str, Any]) -> list[dict[str, Any]]:
        return [each for each in self.messages if each.get("thread_ts") == root["ts"]]

    def shown(self) -> list[Shown]:
        roots = [each for each in self.messages if "thread_ts" not in each]
        return [
            Shown(
                root["metadata"]["event_payload"]["key"],
                is_open=not root["text"].startswith(_OVER),
                closed=int(root["text"].startswith(_OVER)),
                # The root shows the newest update; the thread has the others.
                texts=[each["text"] for each in self.replies(root)] or [root["text"]],
            )
            for root in roots
        ]


class FakeSlackWebhook(FakeService):
    """An incoming webhook: it takes messages and names none."""

    PATH = "/services/T000/B000/XXXXsecretXXXX"

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def carry_out(self, asked: Asked) -> Answered:
        refuse(asked.path != self.PATH, 404, "no_service")
        refuse(not asked.json.get("text"), 400, "no_text")
        refuse(len(asked.json["text"]) > _LONGEST, 400, "invalid_payload")
        self.texts.append(asked.json["text"])
        return Answered(200, "ok")

    def failure(self, fault: Fault) -> Answered:
        return Answered(400, "invalid_payload") if fault is Fault.REFUSED else super().failure(fault)

    def shown(self) -> list[Shown]:
        return in_one_row(self.texts, is_end=lambda text: text.startswith(_OVER))


def in_one_row(texts: list[str], is_end: Any) -> list[Shown]:
    """Return the objects that people make of messages in a row: each ends with one that says so."""
    shown: list[Shown] = []
    for text in texts:
        if not shown or not shown[-1].is_open:
            shown.append(Shown("", texts=[]))
        shown[-1].texts.append(text)
        if is_end(text):
            shown[-1].is_open = False
            shown[-1].closed += 1
    return shown
