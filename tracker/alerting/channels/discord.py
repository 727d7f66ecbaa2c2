"""Discord's webhooks: https://docs.discord.com/developers/resources/webhook#execute-webhook."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from tracker.alerting.caller import Caller, CallReply
from tracker.alerting.channel import Message, Operation, Severity
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import Api, address, handle_of, remembered
from tracker.errors import ChannelFailed
from tracker.model.channel import DiscordConfig
from tracker.model.marks import as_markdown, fitted, safe_link, units

#: More is refused; of all embeds together, 6,000.
_DESCRIPTION: Final = 4096
_TITLE: Final = 256
_SHORT: Final = 300
_COLOURS: Final = {
    Severity.CRITICAL: 0xC62828,
    Severity.ERROR: 0xEF6C00,
    Severity.WARNING: 0xF9A825,
    Severity.INFO: 0x1565C0,
}
_OVER: Final = 0x2E7D32
#: The message was deleted.
_UNKNOWN_MESSAGE: Final = 10_008
#: The text is escaped, and this holds whatever is in it.
_CALLS_NOBODY: Final[Mapping[str, list[str]]] = {"parse": []}


#: A webhook can neither list its messages nor have a repetition recognised (a nonce is for bots alone). So a message
#: whose answer was lost may stay as it was, and the one that follows it says so.
_TWICE: Final = "-# A message above may show this alert, too. It stays as it is; this one is kept up to date."


class _Posted(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    is_closed: bool = False
    may_be_twice: bool = False


class Discord:
    """A message for each alert, which is edited to show its updates."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: DiscordConfig, environ: Mapping[str, str], caller: Caller) -> None:
        self._config = config
        self._environ = environ
        self._api = Api(caller, config, "Discord", "url_env")

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Post the message or edit it; one that somebody deleted, or that is open again, is posted again."""
        posted = remembered(handle, _Posted)
        may_be_twice = posted.may_be_twice if posted else in_doubt
        payload = {"embeds": [_embed(message, may_be_twice=may_be_twice)], "allowed_mentions": _CALLS_NOBODY}
        is_closed = message.act is Operation.CLOSE
        if posted is not None and not (posted.is_closed and message.act is Operation.OPEN):
            reply = self._api.call(self._url(posted.id), payload, method="PATCH")
            if not _is_gone(reply):
                self._api.accepted(reply, handle)
                return handle_of(_Posted(posted.id, is_closed, may_be_twice))
        reply = self._api.accepted(self._api.call(self._url(None), payload, is_repeatable=False), handle)
        return handle_of(_Posted(self._id(reply), is_closed, may_be_twice))

    def _url(self, message_id: str | None) -> str:
        """Return the address to post to, or of that message to edit; a `thread_id` of the address stays."""
        parts = urlsplit(address(self._config, self._config.url, self._config.url_env, self._environ))
        query = dict(parse_qsl(parts.query))
        path = parts.path.rstrip("/")
        if message_id is None:
            return parts._replace(path=path, query=urlencode({**query, "wait": "true"})).geturl()
        return parts._replace(path=f"{path}/messages/{message_id}", query=urlencode(query)).geturl()

    def _id(self, reply: CallReply) -> str:
        try:
            return msgspec.json.decode(reply.body, type=_Named).id
        except msgspec.DecodeError:
            raise ChannelFailed(f"{self._config.place}: Discord named no message in its answer") from None


class _Named(msgspec.Struct):
    id: str


class _Error(msgspec.Struct):
    code: int = 0


def _is_gone(reply: CallReply) -> bool:
    if reply.status != HTTPStatus.NOT_FOUND:
        return False
    try:
        return msgspec.json.decode(reply.body, type=_Error).code == _UNKNOWN_MESSAGE
    except msgspec.DecodeError:
        return False


def _embed(message: Message, *, may_be_twice: bool) -> dict[str, Any]:
    link = safe_link(message.link)
    lines = [f"**{_short(wording.state(message))}**"]
    lines += [f"**{_short(name)}:** {_short(text)}" for name, text in wording.facts(message)]
    if children := wording.children(message):
        lines.append(fitted(children, _SHORT, _quoted))
    # Not behind the title: a vendor's title that looks like an address would lie about where it leads.
    end = [*([f"<{link}>"] if link else []), *([_TWICE] if may_be_twice else [])]
    left = _DESCRIPTION - sum(units(line) + 1 for line in (*lines, *end))
    story = _story(message, left)
    return {
        "title": fitted(wording.headline(message), _TITLE, as_markdown),
        "description": "\n".join((*lines, *story, *end)),
        "color": _OVER if message.act is Operation.CLOSE else _COLOURS[message.severity],
        "timestamp": wording.stamp(message.started_at),
    }


def _story(message: Message, limit: int) -> list[str]:
    """Return the updates that fit, oldest first; the newest come before the oldest when there is not room for all."""
    shown: list[str] = []
    for entry in reversed(message.updates):
        line = fitted(wording.entry_line(entry), min(limit, wording.TEXT), _quoted)
        limit -= units(line) + 1
        if not line or limit < 0:
            break
        shown.append(line)
    return shown[::-1]


def _short(text: str) -> str:
    return fitted(text, _SHORT, as_markdown)


def _quoted(text: str) -> str:
    return "\n".join(f"> {as_markdown(line)}" for line in text.split("\n"))
