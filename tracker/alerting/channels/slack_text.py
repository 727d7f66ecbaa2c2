"""An alert in Slack's mrkdwn: https://docs.slack.dev/messaging/formatting-message-text. Pure."""

from typing import Final

from tracker.alerting.channel import AlertEntry, Message, Operation, Severity
from tracker.alerting.channels import wording
from tracker.model.marks import as_mrkdwn, fitted, safe_link, units
from tracker.model.plain import several_lines

#: Slack advises 4,000 characters a message, and cuts at 40,000.
_LONGEST: Final = 4000
_SHORT: Final = 500
_CHILDREN: Final = 1000
#: A shape as well as a colour, beside the word.
_SIGNS: Final = {
    Severity.CRITICAL: ":red_circle:",
    Severity.ERROR: ":large_orange_diamond:",
    Severity.WARNING: ":warning:",
    Severity.INFO: ":information_source:",
}
_OVER: Final = ":white_check_mark:"


def root_text(message: Message) -> str:
    """Return the alert as it stands now."""
    sign = _OVER if message.act is Operation.CLOSE else _SIGNS[message.severity]
    lines = [f"{sign} *{_short(wording.headline(message))}*", f"*{_short(wording.state(message))}*"]
    lines += [f"*{_short(name)}:* {_short(text)}" for name, text in wording.facts(message)]
    if children := wording.children(message):
        lines.append(_quoted(children, _CHILDREN))
    link = safe_link(message.link)
    end = [f"<{as_mrkdwn(link)}>"] if link else []
    left = _LONGEST - sum(units(line) + 1 for line in (*lines, *end))
    text = wording.newest_text(message)
    return "\n".join((*lines, *([_quoted(text, left)] if text and left > 0 else []), *end))


def reply_text(entry: AlertEntry) -> str:
    """Return one update."""
    head = f"*{_short(wording.entry_state(entry))}* ({wording.moment(entry.at)})"
    text = several_lines(entry.text, wording.TEXT)
    return f"{head}\n{_quoted(text, _LONGEST - units(head) - 1)}" if text else head


def _short(text: str) -> str:
    return fitted(text, _SHORT, as_mrkdwn)


def _quoted(text: str, limit: int) -> str:
    return fitted(text, limit, lambda part: "\n".join(f">{as_mrkdwn(line)}" for line in part.split("\n")))
