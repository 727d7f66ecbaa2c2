"""The shared parts of channels over HTTP: secrets, calls with JSON, and the meaning of answers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec

from tracker.alerting.caller import Call, Caller, CallReply
from tracker.catalogue.address import web_address
from tracker.catalogue.mistakes import InvalidValue
from tracker.environment.credentials import secret_of
from tracker.errors import ChannelFailed, ChannelRefused, ConfigError
from tracker.model.channel import ChannelConfig

#: Refusals of this moment; other 4xx are final (RFC 9110, sections 15.5 and 15.6.4; RFC 8470; RFC 6585).
_TEMPORARY: Final = frozenset(
    {
        *(HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS),
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
#: A secret that is refused is refused for every alert, and so is an address at which there is nothing (any more, as of
#: a webhook that somebody deleted): alerts wait until somebody fixes it.
_REMEDIES: Final[Mapping[int, str]] = {
    **dict.fromkeys((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN), "check {secret_key}"),
    **dict.fromkeys((HTTPStatus.NOT_FOUND, HTTPStatus.GONE), "check the channel's address"),
}

T = TypeVar("T")


class Api:
    """Calls of one service for one channel."""

    def __init__(self, caller: Caller, config: ChannelConfig, service: str, secret_key: str) -> None:
        """`service` is what messages call it, `secret_key` the key of the channel whose secret it asks for."""
        self._caller = caller
        self._config = config
        self._service = service
        self._secret_key = secret_key

    def call(
        self,
        url: str,
        payload: Mapping[str, Any] | list[Any] | None,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool = True,
        secrets: tuple[str, ...] = (),
    ) -> CallReply:
        """Return the answer to one call, whatever its status. Raises FetchError when none came."""
        body = b"" if payload is None else msgspec.json.encode(payload)
        kind = {"Content-Type": "application/json; charset=utf-8"} if body else {}
        return self._caller.call(
            Call(
                method=method,
                url=url,
                headers={**kind, **(headers or {})},
                body=body,
                allow_private=self._config.allow_private,
                is_repeatable=is_repeatable,
                secrets=secrets,
            )
        )

    def accepted(self, reply: CallReply, handle: str | None = None) -> CallReply:
        """Return an answer that accepts. Raises ChannelFailed, ChannelRefused with the handle to keep."""
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            return reply
        sentence = f"{self._config.place}: {self._service} answered {reply.status}"
        sentence += f": {reply.text}" if reply.text else ""
        if remedy := _REMEDIES.get(reply.status):
            sentence = f"{sentence}; {remedy.format(secret_key=self._secret_key)}"
        if remedy or reply.status in _TEMPORARY:
            raise ChannelFailed(sentence, reply.retry_after_s, handle, may_have_arrived=False)
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # What failed may be the answer alone, as where a gateway gave up.
            raise ChannelFailed(sentence, reply.retry_after_s, handle)
        raise ChannelRefused(sentence, handle)


def secret(config: ChannelConfig, key: str, variable: str, environ: Mapping[str, str]) -> str:
    """Return a secret that a key of the channel names, without blanks around it. Raises ConfigError."""
    value = secret_of(variable, environ, place=config.place, key=key).strip()
    if not value or not value.isascii() or not value.isprintable():
        raise ConfigError(
            f"{config.place}: {variable} is empty, or has a line break or letters beyond ASCII; correct it"
        )
    return value


def address(config: ChannelConfig, url: str | None, variable: str | None, environ: Mapping[str, str]) -> str:
    """Return the address of a channel's webhook. Raises ConfigError, which does not repeat it: it may be a secret."""
    if url is not None:
        return url
    try:
        return web_address(secret(config, "url_env", variable or "", environ))
    except InvalidValue:
        raise ConfigError(f"{config.place}: {variable} holds no http or https address; correct it") from None


def joined(base: str, path: str) -> str:
    """Return the address of an API's path."""
    return f"{base.rstrip('/')}/{path}"


def remembered(handle: str | None, kind: type[T]) -> T | None:
    """Return the contents of a handle; None for none, or for one of another channel type."""
    try:
        return None if handle is None else msgspec.json.decode(handle, type=kind)
    except msgspec.DecodeError:
        # The channel's type was changed while the alert was open: it starts over.
        return None


def handle_of(memory: msgspec.Struct) -> str:
    """Return the handle that holds this."""
    return msgspec.json.encode(memory).decode()
