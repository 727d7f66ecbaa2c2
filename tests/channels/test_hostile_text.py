"""Whatever vendors write, services take it: the fakes judge shapes and lengths, without a network between."""

from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.channels.conftest import service_of, table_of
from tests.channels.fakes.mail_server import body
from tests.channels.fakes.service import Asked, FakeService, Wrong
from tests.channels.story import NOON, message
from tests.channels.test_conformance import CONTROL
from tracker.alerting.caller import Call, Caller, CallReply
from tracker.alerting.channel import AlertEntry, Message, Operation, Severity
from tracker.alerting.channels.registry import channel_of
from tracker.alerting.mailer import Mailer, MailServer
from tracker.catalogue.channel import channel_config_of
from tracker.model.clock import utc_now

#: Marks of all formats, what cuts badly, what hides, and plain letters.
LETTERS = st.sampled_from(
    [
        *"aZ09 \n\r\t*_~`<>&|[]()!#@-+.\\/\"'{}:;=%",
        *"\x00\x1b\u202e\u2066\u200b\u2028\u00e9\N{BEETLE}",
        "@here",
        "https://x.example",
    ]
)
TEXTS = st.builds(
    lambda letters, times: "".join(letters) * times, st.lists(LETTERS, max_size=40), st.sampled_from([1, 1, 3, 400])
)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    count = draw(st.integers(0, 4)) * draw(st.sampled_from([1, 20]))
    entries = tuple(
        AlertEntry(
            id=f"acme/inc-1/u{number}", at=NOON + timedelta(minutes=number), status=draw(TEXTS), text=draw(TEXTS)
        )
        for number in range(min(count, 4))
    ) * (1 if count <= 4 else 20)
    return message(
        title=draw(TEXTS),
        provider_name=draw(TEXTS),
        impact=draw(TEXTS),
        status=draw(TEXTS),
        text=draw(TEXTS),
        updates=tuple(replace(each, id=f"{each.id}-{place}") for place, each in enumerate(entries)),
        components=tuple(draw(st.lists(TEXTS, max_size=12))),
        children=tuple(draw(st.lists(TEXTS, max_size=12))),
        link=draw(st.none() | TEXTS.map(lambda text: f"https://status.acme.example/{text}")),
        severity=draw(st.sampled_from(Severity)),
        is_drill=draw(st.booleans()),
        note=draw(TEXTS),
        labels={"team": draw(TEXTS)},
    )


class Direct(Caller, Mailer):
    """Carries calls to a fake by hand."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.mails: list[bytes] = []

    def call(self, call: Call) -> CallReply:
        parts = urlsplit(call.url)
        headers = {name.lower(): value for name, value in call.headers.items()}
        asked = Asked(call.method, parts.path, dict(parse_qsl(parts.query)), headers, call.body)
        self.service.asked.append(asked)
        try:
            answer = self.service.carry_out(asked)
        except Wrong as wrong:
            answer = wrong.answer
        return CallReply(status=answer.status, text=str(answer.body), body=msgspec.json.encode(answer.body))

    def deliver(self, _server: MailServer, _sender: str, _recipients: tuple[str, ...], mail: bytes) -> None:
        self.mails.append(mail)


@pytest.mark.parametrize(
    "type", ["pagerduty", "slack", "slack-webhook", "discord", "teams", "jsm", "incidentio", "webhook"]
)
@settings(max_examples=12)  # of each of eight types
@given(reported=messages())
def test_any_text_is_taken(type: str, reported: Message, tmp_path, mail_certificate) -> None:
    service: FakeService
    # Only its address is needed: nothing listens there.
    service = service_of(type, tmp_path, mail_certificate)  # type: ignore[assignment]
    service._origin.port = 9
    direct = Direct(service)
    table, environ = table_of(type, service)
    channel = channel_of(channel_config_of(table, "here"), environ=environ, caller=direct, mailer=direct, clock=utc_now)

    handle = channel.send(reported, None)
    handle = channel.send(replace(reported, act=Operation.CHANGE, version=2, severity=Severity.CRITICAL), handle)
    channel.send(replace(reported, act=Operation.CLOSE, version=3, status="resolved", ended_at=NOON), handle)

    assert not service.shown()[-1].is_open
    for text in service.strings():
        assert not CONTROL.search(text)
        assert type in {"pagerduty", "jsm", "webhook"} or "@here" not in text


@given(reported=messages())
def test_any_text_is_a_whole_mail(reported: Message) -> None:
    direct = Direct(None)
    table, environ = table_of("email", None)
    table["port"] = 25
    channel = channel_of(channel_config_of(table, "here"), environ=environ, caller=direct, mailer=direct, clock=utc_now)
    channel.send(reported, None)

    [raw] = direct.mails
    mail = message_from_bytes(raw, policy=policy.default)
    assert set(mail.keys()) <= {
        *("From", "To", "Subject", "Date", "Message-ID", "List-Id", "Auto-Submitted", "X-Auto-Response-Suppress"),
        *("Importance", "MIME-Version", "Content-Type"),
    }
    assert not mail.defects
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not CONTROL.search(body(mail, "plain"))
    assert body(mail, "html").count("<a ") <= 1
