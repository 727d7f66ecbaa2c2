"""The services that the apprise library knows, when an alert opens and when it ends: https://appriseit.com/services/.

The library waits and connects as it likes, so each call is a process of its own that is killed when its time is over.
It makes its own connections: the address guard and `allow_private` do not reach them.
"""

import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

import msgspec

from tracker.alerting.channel import Message, Operation, Severity
from tracker.alerting.channels import apprise_child, wording
from tracker.alerting.channels.api import handle_of, remembered, secret
from tracker.errors import ChannelFailed, ChannelRefused, ConfigError
from tracker.model.channel import AppriseConfig
from tracker.model.marks import calls_nobody, safe_link

_TIMEOUT_S: Final = 30.0
_TYPES: Final = {
    Severity.CRITICAL: "failure",
    Severity.ERROR: "failure",
    Severity.WARNING: "warning",
    Severity.INFO: "info",
}


def require_library(config: AppriseConfig) -> None:
    """Raise ConfigError where the library is not installed, which is an extra."""
    if find_spec("apprise") is None:
        raise ConfigError(
            f"{config.place}: type apprise needs the library of that name; "
            'install it with: pip install "status-page-tracker[notify]"'
        )


class Apprise:
    """A message at either end: the library names no message that could be edited or answered."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: AppriseConfig, environ: Mapping[str, str], *, timeout_s: float = _TIMEOUT_S) -> None:
        self._config = config
        self._environ = environ
        self._timeout_s = timeout_s

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Send a message when the alert opens and when it closes, and the reminders of its route in between."""
        del in_doubt
        before = remembered(handle, wording.Said)
        if message.act is Operation.CHANGE and before is not None and not wording.is_asked_for(message, before):
            return handle
        require_library(self._config)
        url = secret(self._config, "url_env", self._config.url_env, self._environ)
        self._run(
            apprise_child.AppriseJob(
                url=url,
                title=calls_nobody(f"{wording.headline(message)} - {wording.state(message)}"),
                body=calls_nobody(_body(message)),
                type="success" if message.act is Operation.CLOSE else _TYPES[message.severity],
                timeout_s=self._timeout_s,
            )
        )
        return handle_of(wording.said(message))

    def _run(self, job: apprise_child.AppriseJob) -> None:
        """Run the child. The library's output may hold the address, which is a secret: none of it is shown."""
        place = self._config.place
        try:
            # The address goes through a pipe: arguments are seen by everybody on the machine.
            ended = subprocess.run(  # noqa: S603  # our own module
                [sys.executable, "-m", apprise_child.__name__],
                input=msgspec.json.encode(job),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=job.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ChannelFailed(f"{place}: apprise did not end within {job.timeout_s:g} s") from None
        except OSError as error:
            raise ChannelFailed(
                f"{place}: apprise could not be started: {error.strerror}", may_have_arrived=False
            ) from error
        if ended.returncode == apprise_child.UNKNOWN_ADDRESS:
            raise ChannelRefused(f"{place}: {self._config.url_env} holds no address that apprise knows; correct it")
        if ended.returncode != apprise_child.ACCEPTED:
            sentence = f"{place}: the service behind apprise did not take the message"
            raise ChannelFailed(sentence, may_have_arrived=False)


def _body(message: Message) -> str:
    link = safe_link(message.link)
    lines = [f"{name}: {text}" for name, text in wording.facts(message)]
    parts = [wording.newest_text(message), "\n".join(lines), wording.children(message), link or ""]
    return "\n\n".join(part for part in parts if part)
