"""Subscriptions of a feed reader as pages: what is taken, what is passed over, what is refused."""

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import provider
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


def pages(found: Subscriptions) -> list[tuple[str, str, str]]:
    return [(page.id, page.name, page.url) for page in found.providers]


def error_of(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("feeds.opml: ")
    assert message.isprintable()
    assert len(message) < 400
    return message


def test_subscriptions_are_found_in_folders_of_any_depth() -> None:
    found = read(
        opml(
            outline("Acme", "https://status.acme.example/history.atom")
            + "<outline text='Clouds'><outline title='Far'>"
            + outline("Cirrus", "https://status.cirrus.example/feed.rss")
            + "</outline></outline>"
        )
    )

    assert pages(found) == [
        ("acme", "Acme", "https://status.acme.example/history.atom"),
        ("cirrus", "Cirrus", "https://status.cirrus.example/feed.rss"),
    ]
    assert {page.origin for page in found.providers} == {"command"}
    assert {page.format for page in found.providers} == {"auto"}
    assert found.repeated == found.invalid == ()


def test_attributes_are_read_as_either_version_and_any_reader_write_them() -> None:
    found = read(
        opml(
            outline("A", "https://a.example/feed", "xmlurl")
            + "<outline title='B' xmlUrl='https://b.example/feed' htmlUrl='https://b.example'/>"
            + "<outline text='' title='C' htmlUrl=' https://c.example '/>"
            + "<outline xmlUrl='https://status.d.example/feed'/>"
            + "<outline text='a note'/>",
            version="1.0",
        )
    )

    assert pages(found) == [
        ("a", "A", "https://a.example/feed"),
        ("b", "B", "https://b.example/feed"),
        ("c", "C", "https://c.example"),
        ("d", "d", "https://status.d.example/feed"),
    ]


@pytest.mark.parametrize(
    ("title", "name"),
    {
        "GitHub Status - Incident History": "GitHub",
        "Acme status": "Acme",
        "Acme Status Page": "Acme",
        "  Acme \n Inc. ": "Acme Inc.",
        "Statuspal": "Statuspal",
    }.items(),
)
def test_a_feed_is_called_by_its_vendor(title: str, name: str) -> None:
    (page,) = read(opml(outline(title, "https://a.example/feed"))).providers

    assert page.name == name


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


def test_pages_of_one_name_get_ids_of_their_own() -> None:
    text = opml(
        "".join(
            outline(name, f"https://{n}.example") for n, name in enumerate(["A", "A 2", "A", "a", "x" * 64, "x" * 64])
        )
    )

    assert [page.id for page in read(text).providers] == ["a", "a-2", "a-3", "a-4", "x" * 64, "x" * 62 + "-2"]


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
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "nothing": (b"", "cannot be read as XML"),
    "text": ("feeds", "cannot be read as XML"),
    "a page": ("<html><body/></html>", "not OPML but <html>"),
    "a feed": ("<rss><channel/></rss>", "not OPML but <rss>"),
    "a file that breaks off": (opml(outline("A", "https://a.example"))[:-9], "cannot be read as XML"),
    "entities": (LAUGHS, "declares XML entities"),
    "entities in another encoding": (LAUGHS.encode("utf-16"), "declares XML entities"),
    "entities from elsewhere": (LAUGHS.replace('a "aaaaaaaaaa"', 'a SYSTEM "file:///etc/passwd"'), "declares XML"),
    "entities of parameters": ('<!DOCTYPE opml [<!ENTITY % a "b">]><opml/>', "declares XML entities"),
    "an encoding that nobody knows": ("<?xml version='1.0' encoding='zebra'?><opml/>", "cannot be read as XML"),
    "an encoding that is none of characters": (
        "<?xml version='1.0' encoding='base64'?><opml/>",
        "cannot be read as XML",
    ),
    "an encoding of several bytes": ("<?xml version='1.0' encoding='shift_jis'?><opml/>", "in UTF-8"),
    "folders without end": (opml("<outline>" * 60), "nests more than"),
    "outlines without end": (opml("<outline/>" * 10_001), "more than 10000 outlines"),
    "a huge file": (b" " * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    "a huge root": (f"<{'r' * 100_000}/>", "not OPML but <rrr"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_list_of_subscriptions_is_refused(case: str) -> None:
    text, part = REFUSED[case]

    assert part in error_of(text)


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
