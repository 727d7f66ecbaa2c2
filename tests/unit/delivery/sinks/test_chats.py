"""Messages for chats: readable, and whatever a vendor writes, nothing but text in them."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import event
from tests.goldens import FOLDER, check
from tracker.delivery.sinks.chats import CHATS, body_of
from tracker.model.event import Event, EventKind, encode_event
from tracker.model.marks import ADDRESS
from tracker.model.provider import WebhookFormat

ISSUE = event(
    provider_name="Orchard",
    product="Orchard - API",
    incident="Search is slow",
    status="investigating",
    message="We look into it.\n\nMore at https://orchard.example/a_b_c soon.",
    impact="minor",
    link="https://status.orchard.example/incidents/a1?x=1&y=2",
    published_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
)


def sent(reported: Event, chat: str) -> Any:
    return json.loads(body_of(reported, WebhookFormat(chat)))


def shown(reported: Event, chat: str) -> str:
    """Return all that a chat shows as one text."""
    said = sent(reported, chat)
    if chat == "slack":
        return said["text"]
    if chat == "discord":
        return said["content"]
    return "\n".join(block["text"] for block in said["attachments"][0]["content"]["body"])


def test_json_is_the_event_itself() -> None:
    assert body_of(ISSUE, WebhookFormat.JSON) == encode_event(ISSUE)


@pytest.mark.parametrize("chat", CHATS)
def test_a_chat_gets_what_was_reviewed(chat: str) -> None:
    check(FOLDER / "sinks" / f"{chat}.json", sent(ISSUE, chat))


@pytest.mark.parametrize("chat", CHATS)
def test_addresses_behind_words_are_shown_as_far_as_there_is_room(chat: str) -> None:
    links = ("https://a.example/x?a=1", "https://b.example/" + "y" * 450, "https://c.example/", "javascript:alert(1)")
    said = shown(event(message="See here.", links=links), chat)

    assert said.count("Links:") == 1
    assert "https://a.example/x?a=1" in said
    assert "https://b.example/yyy" in said
    assert "c.example" not in said
    assert "javascript" not in shown(event(links=links[3:]), chat)
    assert "Links" not in shown(event(), chat)


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_says_whom_it_concerns_its_status_and_its_message(chat: str, kind: EventKind) -> None:
    begin, end = datetime(2026, 11, 20, 22, tzinfo=UTC), datetime(2026, 11, 21, 2, tzinfo=UTC)
    reported = event(
        event=kind,
        product="Orchard - API",
        incident="Search",
        status="partial_outage",
        message="Why.",
        impact="major",
        scheduled_for=begin,
        scheduled_until=end,
    )
    text = shown(reported, chat)

    has_title = not kind.startswith(("component_", "page_"))
    assert all(word in text for word in ("Orchard - API", "Partial outage", "Why."))
    assert ("Search" in text) is has_title
    assert ("edited" in text) is (kind == "update_edited")
    assert ("2026-11-20 22:00 to 2026-11-21 02:00 UTC" in text) is (kind == "maintenance_update")


#: What a vendor may write to call people, lead them elsewhere, or look like something else.
HOSTILE = {
    "slack": ["<!here>", "<!channel>", "<!everyone>", "<!subteam^S1|x>", "<@U1>", "<#C1>", "<https://evil.example|ok>"],
    "discord": ["<@1>", "<@&1>", "<#1>", "[ok](https://evil.example)", "**bold**", "||hidden||", "# head", "> quote"],
    "teams": ["<at>all</at>", "[ok](https://evil.example)", "**bold**", "![x](https://evil.example/p.png)", "# head"],
}
CALLS = ("@here", "@channel", "@everyone", "@Everyone", "@all")
FIELDS = ("product", "provider_name", "incident", "status", "message", "impact", "vendor_status")


@pytest.mark.parametrize(("chat", "text"), [(chat, text) for chat, texts in HOSTILE.items() for text in texts])
@pytest.mark.parametrize("field", FIELDS)
def test_a_vendors_marks_mean_nothing(chat: str, text: str, field: str) -> None:
    reported = event(**{"message": "m", "incident": "i", field: f"before {text} after"})
    said = shown(reported, chat)

    if field == "provider_name":
        assert text not in said
        return
    assert not re.search(rf"(?<!\\){re.escape(text)}", said)
    undone = said.replace("&lt;", "<").replace("&gt;", ">") if chat == "slack" else re.sub(r"\\(\W)", r"\1", said)
    assert text.lower() in undone.lower(), "and can be read"


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("field", ["product", "incident", "status", "message"])
def test_nobody_is_called(chat: str, call: str, field: str) -> None:
    reported = event(**{"message": "m", "incident": "i", field: f"x {call} y"})

    assert call.lower() not in shown(reported, chat).lower()


@pytest.mark.parametrize("chat", CHATS)
def test_lines_of_a_vendor_stay_apart_from_ours(chat: str) -> None:
    reported = event(message="m\n*Status:* Resolved\n**Status:** Resolved\r\u2028*Status:* Resolved", incident="a\n*b*")
    lines = shown(reported, chat).split("\n")
    ours = [line for line in lines if re.match(r"\*+Status:\*+ ", line)]

    assert len(ours) == 1 if chat != "teams" else len(ours) <= 1


@pytest.mark.parametrize("chat", ["discord", "teams"])
@pytest.mark.parametrize(
    ("line", "escaped"),
    [
        ("- item", "\\- item"),
        ("+ item", "\\+ item"),
        ("1. item", "1\\. item"),
        ("12) item", "12\\) item"),
        ("  - item", "\\- item"),
        # No list.
        ("2026-11-20 10:00", "2026-11-20 10:00"),
        ("1.5 s", "1.5 s"),
    ],
)
def test_a_vendors_lists_are_text(chat: str, line: str, escaped: str) -> None:
    said = shown(event(message=f"m\n{line}"), chat)

    assert said.split("\n")[-1].removeprefix("> ") == escaped


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "https://a.example/<!here>", "https://a.example/|x", "https://a.example/ b", "x" * 600],
)
@pytest.mark.parametrize("chat", CHATS)
def test_a_link_that_is_none_is_left_out(chat: str, link: str) -> None:
    body = body_of(event(link=link), WebhookFormat(chat)).decode()

    assert link.partition("//")[2] not in body if "//" in link else link not in body
    assert "actions" not in body


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["*", "_", "\\", "<", "&", "`", "@everyone ", "\n", "😀", "\u202e", "- ", "https://a.example/_x "]
    ).map(lambda piece: piece * 9000),
)


@given(message=TEXTS, title=TEXTS, product=TEXTS, status=TEXTS, impact=TEXTS, word=TEXTS)
def test_limits_hold_whatever_a_vendor_writes(
    message: str, title: str, product: str, status: str, impact: str, word: str
) -> None:
    reported = event(
        message=message,
        incident=title,
        product=product,
        status=status,
        impact=impact,
        vendor_status=word,
        link="https://a.example/" + "x" * 400,
        links=("https://a.example/" + "x" * 470,),
    )

    assert len(shown(reported, "slack")) <= 4000
    assert units(shown(reported, "discord")) <= 2000
    assert 2 * units(body_of(reported, WebhookFormat.TEAMS).decode()) < 28_000
    for chat in CHATS:
        said = shown(reported, chat)
        assert "@everyone" not in said
        assert "\u202e" not in said
        assert said.split("\n")[-1].startswith("<https://") or chat == "teams"


@given(st.text(alphabet="ab \\*_~`|[]()<>#@-+1.:/\n", max_size=60))
def test_in_markdown_no_mark_of_a_vendors_stands_without_a_backslash(text: str) -> None:
    said = shown(event(message=f"x{text}x"), "discord").split("\n> ")[1:]
    for line in said:
        rest = re.sub(r"\\[!-/:-@\[-`{-~]", "x", ADDRESS.sub("", line))
        assert not set(rest) & set("\\*_~`|[]()<>#")
        assert not re.match(r"\s*([-+]|[0-9]+\.)\s", rest)
