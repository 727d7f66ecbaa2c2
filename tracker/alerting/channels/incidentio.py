"""incident.io, alert events: https://docs.incident.io/api-reference/alert-events-v2/createhttp."""

from collections.abc import Mapping
from typing import Any, Final

from tracker.alerting.caller import Caller
from tracker.alerting.channel import Message, Operation
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import Api, joined, secret
from tracker.model.channel import IncidentIoConfig
from tracker.model.marks import as_markdown, calls_nobody, fitted, safe_link

#: No limit is documented; this is read at a glance.
_DESCRIPTION: Final = 8000


class IncidentIo:
    """An alert for each alert; each change shows in it."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: IncidentIoConfig, environ: Mapping[str, str], caller: Caller) -> None:
        self._config = config
        self._environ = environ
        self._api = Api(caller, config, "incident.io", "token_env")

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Fire or resolve; the alert's key is the deduplication key, so that a repetition does no harm."""
        del handle, in_doubt
        token = secret(self._config, "token_env", self._config.token_env, self._environ)
        url = joined(self._config.api_url, f"v2/alert_events/http/{self._config.source}")
        self._api.accepted(self._api.call(url, _event(message), headers={"Authorization": f"Bearer {token}"}))
        return message.key


def _event(message: Message) -> dict[str, Any]:
    link = safe_link(message.link)
    lines = [wording.entry_line(entry) for entry in reversed(message.updates)]
    if children := wording.children(message):
        lines.append(children)
    return {
        "deduplication_key": message.key,
        "status": "resolved" if message.act is Operation.CLOSE else "firing",
        "title": calls_nobody(wording.headline(message)),
        # It is Markdown, in which a single line break is a blank.
        "description": fitted("\n".join(lines).replace("\n", "\n\n"), _DESCRIPTION, as_markdown),
        **({"source_url": link} if link else {}),
        "metadata": {
            "provider": message.provider_id,
            "kind": message.kind,
            "severity": message.severity.value,
            "state": calls_nobody(wording.state(message)),
            **{name.lower(): calls_nobody(text) for name, text in wording.facts(message)},
        },
    }
