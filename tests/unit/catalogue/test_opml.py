"""Subscriptions of a feed reader as pages: what is taken, what is passed over, what is refused."""

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import provider
from tests.goldens import FOLDER, agrees, table
from tracker.catalogue import Subscriptions, read_opml
from tracker.catalogue.presets.imported import load_list
from tracker.errors import ConfigError

FORMATS = ("statuspage", "feed")


def opml(body: str, version: str = "2.0") -> str:
    return f'<?xml version="1.0"?><opml version="{version}"><head><title>x</title></head><body>{body}</body></opml>'


def outline(text: str, url: str, key: str = "xmlUrl") -> str:
    return f"<outline type='rss' text={quoteattr(text)} {key}={quoteattr(url)}/>"


def read(text: str | bytes, *known: object) -> Subscriptions:
    data = text if isinstance(text, bytes) else text.encode()
    return read_opml(data, file="feeds.opml", known=known, formats=FORMATS)


#: The files of `golden/opml`, and the id, name and address of each page that is read of them.
READ = table("subscriptions_read")


def error_of(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("feeds.opml: ")
    assert message.isprintable()
    assert len(message) < 400
    return message


@pytest.mark.parametrize("name", READ)
def test_subscriptions_are_read(name: str) -> None:
    found = read((FOLDER / "opml" / f"{name}.opml").read_bytes())

    assert [[page.id, page.name, page.url] for page in found.providers] == READ[name]
    assert {(page.origin, page.format) for page in found.providers} == {("command", "auto")}
    assert found.repeated == found.invalid == ()


def test_what_is_watched_already_is_passed_over() -> None:
    known = provider(id="acme", url="https://status.acme.example")
    found = read(
        opml(
            outline("Other name", "https://status.acme.example/")
            + outline("Acme", "https://status.acme.example/history.atom")
            + outline("Twice", "https://twice.example/feed")
            + outline("Twice again", "https://twice.example/feed#top")
        ),
        known,
    )

    assert [page.id for page in found.providers] == ["twice"]
    assert [sentence.split(" is there")[0] for sentence in found.repeated] == [
        "https://status.acme.example/",
        "acme",
        "https://twice.example/feed",
    ]


def test_what_was_imported_is_passed_over_the_second_time() -> None:
    text = opml(outline("Status", "https://a.example/feed") + outline("Status", "https://b.example/feed"))
    first = read(text)
    second = read(text, *first.providers)

    assert [page.id for page in first.providers] == ["status", "status-2"]
    assert second.providers == ()
    assert len(second.repeated) == 2


def test_what_cannot_be_watched_is_passed_over_with_its_reason() -> None:
    found = read(
        opml(
            outline("Old", "feed://old.example/rss")
            + outline("Local", "file:///etc/passwd")
            + outline("Secret", "https://user:hunter2@a.example/feed")
            + outline("n" * 300, "https://long.example")
            + outline("Fine", "https://fine.example/feed")
        )
    )

    assert [page.id for page in found.providers] == ["fine"]
    assert len(found.invalid) == 4
    assert "feed://old.example" in found.invalid[0]
    assert "hunter2" not in " ".join(found.invalid)
    assert all(sentence.isprintable() for sentence in found.invalid)


def test_any_encoding_of_xml_is_read() -> None:
    text = opml(outline("Gelöst", "https://a.example/feed")).removeprefix('<?xml version="1.0"?>')

    for encoding in ("utf-8", "utf-8-sig", "utf-16", "iso-8859-1"):
        declared = encoding.removesuffix("-sig")
        (page,) = read(f"<?xml version='1.0' encoding='{declared}'?>{text}".encode(encoding)).providers
        assert page.name == "Gelöst"


LAUGHS = """<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<opml><body><outline text="&b;" xmlUrl="https://a.example"/></body></opml>"""
REFUSED = table("subscriptions_refused")
REFUSED_MASSES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "cannot be read as XML"),
    "entities in another encoding": (LAUGHS.encode("utf-16"), "declares XML entities"),
    "folders without end": (opml("<outline>" * 60).encode(), "nests more than"),
    "outlines without end": (opml("<outline/>" * 10_001).encode(), "more than 10000 outlines"),
    "a huge file": (b" " * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    "a huge root": (f"<{'r' * 100_000}/>".encode(), "not OPML but <rrr"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_list_of_subscriptions_is_refused_with_the_sentence_that_was_reviewed(case: str) -> None:
    agrees("subscriptions_refused", case, error_of(REFUSED[case][0]))


@pytest.mark.parametrize(("data", "part"), REFUSED_MASSES.values(), ids=REFUSED_MASSES)
def test_what_is_too_large_or_no_text_is_refused(data: bytes, part: str) -> None:
    assert part in error_of(data)


def test_thousands_of_one_name_get_ids_of_their_own() -> None:
    text = opml("".join(outline("A", f"https://{n}.example") for n in range(5_000)))

    assert len({page.id for page in read(text).providers}) == 5_000


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.opml", tmp_path, Path("a\0b")):
        with pytest.raises(ConfigError) as caught:
            load_list(path, known=(), formats=FORMATS)
        assert "cannot be read" in str(caught.value)
        assert str(caught.value).isprintable()


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "feeds.opml"
    file.write_text(opml(outline("A", "https://a.example")))

    assert len(load_list(file, known=(), formats=FORMATS).providers) == 1


@given(st.binary() | st.binary().map(lambda tail: b"<opml><outline xmlUrl='https://a.example' " + tail))
def test_whatever_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(data)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - that nothing is raised is as good


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=8)
            | st.sampled_from(["A", "a", "A-2", "acme"]),
            st.sampled_from(
                ["https://a.example", "https://b.example/x", "ftp://c.example", "https://acme.example", ""]
            ),
        ),
        max_size=8,
    )
)
def test_every_subscription_is_accounted_for_and_no_id_is_taken_twice(wanted: list[tuple[str, str]]) -> None:
    known = provider(id="acme", url="https://acme.example")
    found = read(opml("".join(outline(*each) for each in wanted)), known)

    ids = [page.id for page in found.providers]
    assert len(ids) == len({*ids, "acme"}) - 1
    assert len(ids) + len(found.repeated) + len(found.invalid) == sum(bool(url) for _, url in wanted)
