"""The catalogue: what it holds, and what it says of each mistake."""

import string
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.goldens import agrees, table
from tracker.catalogue import PROVIDERS, load_catalogue, name_of, new_provider, read_catalogue, refiltered, slug
from tracker.errors import ConfigError
from tracker.model.page import Impact
from tracker.model.provider import Cadence, FirstSight, Provider

FORMATS = ("statuspage", "feed")
SHIPPED = Path(__file__).parents[3] / "providers.toml"
MINIMAL = '[[provider]]\nname = "A"\nurl = "https://a.example"\n'


def read(text: str | bytes) -> tuple[Provider, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    return read_catalogue(data, file="providers.toml", formats=FORMATS)


def error_of(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("providers.toml: ")
    assert message.isprintable(), "one line, without control characters"
    assert len(message) < 600
    return message


def test_an_entry_with_two_keys_gets_the_defaults_of_the_product() -> None:
    (provider,) = read(MINIMAL)

    assert provider == Provider(id="a", name="A", url="https://a.example", origin="file")
    assert (provider.format, provider.interval_s, provider.first_sight) == ("auto", 60, FirstSight.OPEN)


#: A line, the field that it fills, and with what; and a line that says otherwise of the same.
SHARED = [
    ("interval = 5", "interval_s", 5, "interval = 300", 300),
    ('cadence = "fixed"', "cadence", Cadence.FIXED, 'cadence = "adaptive"', Cadence.ADAPTIVE),
    ('format = "feed"', "format", "feed", 'format = "auto"', "auto"),
    ("allow_private = true", "allow_private", True, "allow_private = false", False),
    ("max_per_host = 7", "max_per_host", 7, "max_per_host = 1", 1),
    ('components = ["API*", " ! Chat"]', "components", ("API*", "!Chat"), "components = []", ()),
    ('regions = ["eu-*", "!eu-north-1"]', "regions", ("eu-*", "!eu-north-1"), "regions = []", ()),
    ('min_impact = "critical"', "min_impact", Impact.CRITICAL, 'min_impact = "none"', Impact.NONE),
    ('events = ["!update_edited"]', "events", ("!update_edited",), "events = []", ()),
    ("maintenance = false", "maintenance", False, "maintenance = true", True),
    ('first_sight = "silent"', "first_sight", FirstSight.SILENT, 'first_sight = "open"', FirstSight.OPEN),
]
GIVEN, OTHERS = {field: value for _, field, value, *_ in SHARED}, {field: value for _, field, *_, value in SHARED}


def test_an_entry_holds_what_its_keys_say() -> None:
    own = ['id = "own.id_1"', 'name = " Gelöst AG "', 'url = "HTTP://LocalHost:8080/Page-1?x=Y#top"']

    (provider,) = read("\n".join(["[[provider]]", *own, *(line for line, *_ in SHARED)]))

    url = "http://localhost:8080/Page-1?x=Y"
    assert provider == Provider(id="own.id_1", name="Gelöst AG", url=url, id_given=True, origin="file", **GIVEN)


def test_defaults_hold_for_every_provider_without_its_own() -> None:
    assert {line.split(" = ")[0] for line, *_ in SHARED} < {*PROVIDERS.shared_keys}
    defaults, own = (
        "\n".join(lines) for lines in zip(*((line, other) for line, _, _, other, _ in SHARED), strict=True)
    )

    first, second = read("\n".join(["[defaults]", defaults, MINIMAL, entry('name = "B"'), own]))

    assert {field: getattr(first, field) for field in GIVEN} == GIVEN
    assert {field: getattr(second, field) for field in OTHERS} == OTHERS


def test_two_pages_of_a_public_host_are_asked_at_once_and_any_number_of_one_s_own() -> None:
    public, own = read(MINIMAL + '[[provider]]\nname = "B"\nurl = "http://b.lan"\nallow_private = true\n')

    assert (public.host_limit, own.host_limit) == (2, None)


def filters_of(provider: Provider) -> tuple[object, ...]:
    return tuple(getattr(provider, key) for key in PROVIDERS.filter_keys)


@pytest.mark.parametrize("interval", [10, 86_400])
def test_the_limits_of_the_interval_are_allowed(interval: int) -> None:
    assert interval == read(f"{MINIMAL}interval = {interval}")[0].interval_s


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    assert read(MINIMAL) == read(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())


def test_one_page_may_be_watched_twice_under_two_names() -> None:
    assert [entry.id for entry in read(MINIMAL + MINIMAL.replace('"A"', '"B"'))] == ["a", "b"]


def entry(*lines: str) -> str:
    """Return an entry that is right but for the given lines, which replace those of the same key."""
    keys = {line.split(" = ")[0] for line in lines}
    rest = [line for line in MINIMAL.splitlines() if line.split(" = ")[0] not in keys]
    return "\n".join([*rest, *lines])


REFUSED_ENTRIES = table("catalogue_entries_refused")
REFUSED_FILES = table("catalogue_files_refused")
#: What is too large, or no text, to be one line of a table.
REFUSED_MASSES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "a number of 5000 digits": (entry("interval = " + "9" * 5000), ("not valid TOML", "number")),
    "a hexadecimal number of 5000 digits": (entry("interval = 0x" + "f" * 5000), ("interval is a huge number",)),
    "a thousand brackets": ("a = " + "[" * 5000, ("not valid TOML", "nesting")),
    "text that is not UTF-8": (b'[[provider]]\nname = "\xff"', ("line 2", "not UTF-8", "save")),
    "an unknown key of a megabyte": (entry("q" * 1_000_000 + " = 5"), ("unknown key", "qqq…qqq")),
    "a name of 201 characters": (entry(f'name = "{"n" * 201}"'), ("nnn…nnn", "longer than 200", "shorten")),
    "a url of 3000 characters": (entry(f'url = "https://a.example/{"a" * 3000}"'), ("longer than 2048",)),
}


@pytest.mark.parametrize("case", REFUSED_ENTRIES)
def test_an_entry_is_refused_with_the_sentence_that_was_reviewed(case: str) -> None:
    agrees("catalogue_entries_refused", case, error_of(entry(*REFUSED_ENTRIES[case][0].splitlines())))


@pytest.mark.parametrize("case", REFUSED_FILES)
def test_a_file_is_refused_with_the_sentence_that_was_reviewed(case: str) -> None:
    agrees("catalogue_files_refused", case, error_of(REFUSED_FILES[case][0]))


@pytest.mark.parametrize(("text", "parts"), REFUSED_MASSES.values(), ids=REFUSED_MASSES)
def test_what_is_refused_for_its_mass_is_named_in_short(text: str | bytes, parts: tuple[str, ...]) -> None:
    message = error_of(text)

    assert [part for part in parts if part not in message] == [], message


@pytest.mark.parametrize("url", ["https://user:hunter2@a.example", "user:hunter2@a.example", "ftp://u:hunter2@a b"])
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    message = error_of(entry(f'url = "{url}"'))

    assert 'provider 1 "A": url' in message
    assert "hunter2" not in message


def test_an_error_has_no_trail_of_other_errors() -> None:
    with pytest.raises(ConfigError) as caught:
        read("= =")

    assert caught.value.__suppress_context__


# files


def error_of_file(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_catalogue(path, formats=FORMATS)
    message = str(caught.value)
    assert message.isprintable()
    return message


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL, encoding="utf-8")

    assert read(MINIMAL) == load_catalogue(path, formats=FORMATS)


def test_a_file_without_permission_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Root, who runs tests in containers, may read everything.
    monkeypatch.setattr(Path, "open", refuse)

    assert "cannot be read (Permission denied); correct" in error_of_file(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("mine.toml", "mine.toml: no such file; create it"),
        ("folder", "folder: is a directory"),
        ("file/mine.toml", "cannot be read (Not a directory)"),
        ("mi\0ne\x1b[31m.toml", "cannot be read (not a valid path)"),
        ("/dev/zero", "/dev/zero: is larger than"),
        ("file", "file: provider 1: name is missing"),
    ],
)
def test_a_file_that_cannot_be_read_or_holds_an_error_is_named(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("[[provider]]", encoding="utf-8")

    assert message in error_of_file(tmp_path / path)


# the shipped catalogue


def test_the_shipped_catalogue_begins_with_openai_and_has_thirty_more() -> None:
    providers = load_catalogue(SHIPPED, formats=FORMATS)

    assert (providers[0].id, providers[0].url) == ("openai", "https://status.openai.com")
    assert len(providers) > 30
    assert len(providers) == len({provider.id for provider in providers})
    assert len(providers) == len({provider.url for provider in providers})
    assert all(provider.url.startswith("https://") and provider.format == "auto" for provider in providers)


def test_the_head_of_the_shipped_catalogue_explains_every_key() -> None:
    head = SHIPPED.read_text(encoding="utf-8").split("[defaults]\n")[0]

    assert [key for key in PROVIDERS.keys if key not in head] == []


# one provider given by hand

NAMES = table("provider_names")


@pytest.mark.parametrize(("url", "name"), NAMES.items())
def test_a_name_is_made_from_the_address(url: str, name: str) -> None:
    provider = new_provider(url, formats=FORMATS)

    assert (name, slug(name)) == (provider.name, provider.id)
    assert name == name_of(url)


def test_a_provider_given_by_hand_is_marked_so() -> None:
    provider = new_provider("https://status.foo.com#x", formats=FORMATS)

    assert provider == Provider(id="foo", name="foo", url="https://status.foo.com", origin="command")


def test_a_provider_given_by_hand_holds_what_was_given() -> None:
    given = {
        "name": "Page One",
        "id": "p1",
        "format": "feed",
        "interval_s": 2,
        "cadence": Cadence.FIXED,
        "allow_private": True,
        "components": ("API*",),
        "regions": ("!us-*",),
        "min_impact": Impact.MINOR,
        "events": ("!new_incident",),
        "maintenance": False,
        "first_sight": FirstSight.ALL,
        "origin": "test",
    }
    url = "http://localhost:8080"

    assert new_provider(url, formats=FORMATS, **given) == Provider(url=url, id_given=True, **given)


@pytest.mark.parametrize(
    ("given", "beginning"),
    [
        ({"url": "status.foo.com"}, "new provider: url is"),
        ({"name": "Foo", "interval_s": 0}, 'new provider "Foo": interval is 0'),
        ({"interval_s": 5}, "new provider: interval is 5, less than"),
        ({"name": ""}, 'new provider "": name is empty'),
        ({"format": "x"}, "new provider: format is"),
        ({"components": "API"}, "new provider: components is"),
        # The shell may hand over bytes that are no text.
        ({"name": "A\udcff"}, 'new provider "A": name is'),
    ],
)
def test_a_provider_given_by_hand_is_checked_alike(given: dict[str, object], beginning: str) -> None:
    with pytest.raises(ConfigError) as caught:
        new_provider(**{"url": "https://foo.com", "formats": FORMATS} | given)

    assert str(caught.value).startswith(beginning)
    assert str(caught.value).isprintable()


def test_filters_that_are_given_replace_those_of_a_provider_one_by_one() -> None:
    provider = Provider(id="foo", name="Foo", url="https://foo.com", components=("API",), min_impact=Impact.MAJOR)

    changed = refiltered(provider, {"components": ("Web", "! Beta"), "maintenance": False})

    assert filters_of(changed) == (("Web", "!Beta"), (), "major", (), False)
    assert refiltered(provider, {}) == provider
    with pytest.raises(ConfigError, match='provider "foo": min_impact is "huge"; known are'):
        refiltered(provider, {"min_impact": "huge"})


# slugs

SLUGS = table("provider_slugs")


@pytest.mark.parametrize(("name", "id"), SLUGS.items())
def test_a_slug_reads_like_its_name(name: str, id: str) -> None:
    assert id == slug(name)


def test_a_name_without_ascii_letters_gets_a_stable_id_of_its_own() -> None:
    assert slug("東京") == "provider-130016b259"
    assert len({slug(name) for name in ("東京", "東京 2", "Яндекс", "٣", "!", "?")}) == 6


@given(st.text())
@example("\udcff")
@example("a" * 63 + " b")
def test_a_slug_is_always_an_id_that_the_catalogue_takes(name: str) -> None:
    made = slug(name)

    assert made == new_provider("https://a.example", formats=FORMATS, id=made).id
    assert made == slug(made)


@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_a_slug_does_not_depend_on_how_accents_are_encoded(name: str, form: str) -> None:
    assert slug(name) == slug(unicodedata.normalize(form, name))


@given(st.text(alphabet=string.ascii_letters + " .-_&", min_size=1))
def test_a_slug_of_ascii_does_not_depend_on_case(name: str) -> None:
    assert slug(name) == slug(name.upper()) == slug(name.lower())


# anything

VALUES = st.recursive(
    st.one_of(
        st.sampled_from(["true", "false", "nan", "-inf", "60", "5", "0x1f", "1e3", "2026-11-23", "07:00:00"]),
        st.integers().map(str),
        st.text(max_size=20).map(lambda text: "'" + text.replace("'", "") + "'"),
        st.sampled_from(['"https://a.example"', '"https://b.example:99999"', '"feed"', '"open"', '"\\u001b"', '"A"']),
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=5,
)
LINES = st.one_of(
    st.sampled_from(["[defaults]", "[[provider]]", "[[provider]]", "[provider]", "[provider.a]", "[[defaults]]", "#"]),
    st.builds("{} = {}".format, st.sampled_from([*PROVIDERS.keys, "zebra", "a.b", "provider", "defaults"]), VALUES),
    st.text(max_size=10),
)


ENTRIES = st.dictionaries(st.sampled_from(PROVIDERS.keys), VALUES).map(
    lambda keys: ["[[provider]]", *map(" = ".join, keys.items())]
)
TEXTS = (st.lists(LINES, max_size=12) | ENTRIES).map("\n".join).map(lambda text: text.encode(errors="surrogatepass"))


@settings(max_examples=120)
@given(TEXTS | st.binary())
def test_whatever_a_file_holds_is_read_or_refused(data: bytes) -> None:
    try:
        providers = read(data)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - that nothing is raised is as good
        assert str(error).startswith("providers.toml: ")  # noqa: PT017 - the same
    else:
        assert providers
        assert len(providers) == len({provider.id for provider in providers})


@given(st.text())
@example("http://[")
@example("https://\u2100.example")
@example("https://a.example:\u0661")
def test_whatever_address_is_taken_or_refused(tail: str) -> None:
    for url in (tail, f"https://{tail}", f"https://a.example{tail}"):
        try:
            provider = new_provider(url, formats=FORMATS)
        except ConfigError as error:
            assert str(error).isprintable()  # noqa: PT017 - that nothing is raised is as good
        else:
            assert provider.url == new_provider(provider.url, formats=FORMATS).url
            assert provider.url.isprintable()
