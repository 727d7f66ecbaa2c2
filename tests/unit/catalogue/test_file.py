"""The catalogue: what it holds, and what it says of each mistake."""

import string
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from tracker.catalogue import PROVIDERS, load_catalogue, name_of, new_provider, read_catalogue, refiltered, slug
from tracker.errors import ConfigError
from tracker.model.page import Impact
from tracker.model.provider import Cadence, FirstSight, Provider

FORMATS = ("statuspage", "feed")
#: The machines of a build are slow at times, and that is no failure.
PATIENT = effort(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHIPPED = Path(__file__).parents[3] / "providers.toml"
MINIMAL = '[[provider]]\nname = "A"\nurl = "https://a.example"\n'


def read(text: str | bytes) -> tuple[Provider, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    return read_catalogue(data, file="providers.toml", formats=FORMATS)


def error_of(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    message = str(caught.value)
    assert message.isprintable(), "one line, without control characters"
    assert len(message) < 600
    return message


def test_an_entry_with_two_keys_gets_the_defaults_of_the_product() -> None:
    (provider,) = read(MINIMAL)

    assert provider == Provider(id="a", name="A", url="https://a.example", origin="file")
    assert (provider.format, provider.interval_s, provider.first_sight) == ("auto", 60, FirstSight.OPEN)


def test_an_entry_holds_what_its_keys_say() -> None:
    (provider,) = read("""
        [[provider]]
        id = "own.id_1"
        name = " Gelöst AG "
        url = "HTTP://LocalHost:8080/Page-1?x=Y#top"
        format = "feed"
        interval = 1
        cadence = "fixed"
        allow_private = true
        max_per_host = 5
        components = ["API*", " ! Chat"]
        regions = ["eu-*", "!eu-north-1"]
        min_impact = "major"
        events = ["new_incident", "!page_unreadable"]
        maintenance = false
        first_sight = "silent"
    """)

    assert provider == Provider(
        id="own.id_1",
        name="Gelöst AG",
        url="http://localhost:8080/Page-1?x=Y",
        format="feed",
        interval_s=1,
        cadence=Cadence.FIXED,
        allow_private=True,
        max_per_host=5,
        components=("API*", "!Chat"),
        regions=("eu-*", "!eu-north-1"),
        min_impact=Impact.MAJOR,
        events=("new_incident", "!page_unreadable"),
        maintenance=False,
        first_sight=FirstSight.SILENT,
        id_given=True,
        origin="file",
    )


def test_defaults_hold_for_every_provider_without_its_own() -> None:
    first, second = read("""
        [defaults]
        interval = 5
        cadence = "fixed"
        format = "feed"
        allow_private = true
        max_per_host = 7
        components = ["API*"]
        regions = ["eu"]
        min_impact = "critical"
        events = ["!update_edited"]
        maintenance = false
        first_sight = "all"
        [[provider]]
        name = "A"
        url = "https://a.example"
        [[provider]]
        name = "B"
        url = "https://b.example"
        interval = 300
        cadence = "adaptive"
        format = "auto"
        allow_private = false
        max_per_host = 1
        components = []
        regions = []
        min_impact = "none"
        events = []
        maintenance = true
        first_sight = "open"
    """)

    assert values_of(first) == (5, Cadence.FIXED, "feed", True, FirstSight.ALL)
    assert values_of(second) == (300, Cadence.ADAPTIVE, "auto", False, FirstSight.OPEN)
    assert (first.host_limit, second.host_limit) == (7, 1)
    assert filters_of(first) == (("API*",), ("eu",), "critical", ("!update_edited",), False)
    assert filters_of(second) == ((), (), "none", (), True)


def test_two_pages_of_a_public_host_are_asked_at_once_and_any_number_of_one_s_own() -> None:
    public, own = read(MINIMAL + '[[provider]]\nname = "B"\nurl = "http://b.lan"\nallow_private = true\n')

    assert (public.host_limit, own.host_limit) == (2, None)


def values_of(provider: Provider) -> tuple[object, ...]:
    return provider.interval_s, provider.cadence, provider.format, provider.allow_private, provider.first_sight


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


MISTAKES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    # the file
    "broken TOML is located": ("[defaults]\ninterval = = 5", ("not valid TOML", "line 2", "column 12")),
    "TOML that ends too early is located": ('[[provider]]\nname = "A', ("not valid TOML", "end of document")),
    "a key that is given twice is located": (MINIMAL + 'name = "B"\n#', ("not valid TOML", "line 4")),
    "a number of 5000 digits": (entry("interval = " + "9" * 5000), ("not valid TOML", "number")),
    "a hexadecimal number of 5000 digits": (entry("interval = 0x" + "f" * 5000), ("interval is a huge number",)),
    "a thousand brackets": ("a = " + "[" * 5000, ("not valid TOML", "nesting")),
    "text that is not UTF-8 is located": (b'[[provider]]\nname = "\xff"', ("line 2", "not UTF-8", "save")),
    "an empty file": ("", ("no providers", "[[provider]]")),
    "an empty list of providers": ("provider = []", ("no providers", "[[provider]]")),
    "defaults alone": ("[defaults]\ninterval = 60", ("no providers", "[[provider]]")),
    # the top level
    "a misspelled table": ('[[providers]]\nname = "A"', ('unknown table "providers"', "did you mean [[provider]]?")),
    "an unknown table": (f"{MINIMAL}[zebra]", ('unknown table "zebra"', "known are [defaults], [[provider]]")),
    "an unknown key on top": (f"zebra = 1\n{MINIMAL}", ('unknown key "zebra"', "known are [defaults]")),
    "a shared key outside any table": (f"interval = 5\n{MINIMAL}", ('unknown key "interval"', "below [defaults] or")),
    "a provider's key outside any table": ('name = "A"', ('unknown key "name"', "below a [[provider]]")),
    "one bracket where two belong": ('[provider]\nname = "A"', ("provider is a table", "[[provider]]")),
    "two brackets where one belongs": ("[[defaults]]\ninterval = 60", ("defaults is a list", "[defaults]")),
    "an entry that is no table": ('provider = ["OpenAI"]', ('provider 1: is "OpenAI"', "[[provider]]")),
    # keys
    "an unknown key in defaults": ("[defaults]\nintervall = 60", ("[defaults]", '"intervall"', "mean interval?")),
    "a key in defaults that cannot be shared": ('[defaults]\nurl = "x"', ("[defaults]", "url cannot be shared")),
    "a wrong value in defaults": ("[defaults]\ninterval = 0", ("[defaults]", "interval is 0")),
    "an unknown key": (entry("intervall = 5"), ('provider 1 "A"', '"intervall"', "did you mean interval?")),
    "an unknown key like no other": (entry("zzzz = 5"), ('provider 1 "A"', '"zzzz"', "known are name, url, id")),
    "an unknown key of a megabyte": (entry("q" * 1_000_000 + " = 5"), ("unknown key", "qqq…qqq")),
    "a missing name": ('[[provider]]\nurl = "https://a.example"', ("provider 1: name is missing", "add name =")),
    "a missing url": ('[[provider]]\nname = "A"', ('provider 1 "A": url is missing', "add url =")),
    "the second entry is named by its position": (MINIMAL + '[[provider]]\nurl = "x"', ("provider 2: url",)),
    # name
    "an empty name": (entry('name = ""'), ("name is empty", "write some text")),
    "a blank name": (entry('name = " \\t"'), ("name is empty", "write some text")),
    "a name that is a number": (entry("name = 5"), ("provider 1: name is 5", "write some text")),
    "a name that is true": (entry("name = true"), ("provider 1: name is true", "write some text")),
    "a name that is a date": (entry("name = 2026-11-23"), ("provider 1: name is a date", "write some text")),
    "a name of control characters": (entry('name = "A\\u001b[31mB"'), ('provider 1 "A[31mB": name', "control")),
    "a name of two lines": (entry('name = "A\\nB"'), ('provider 1 "AB": name', "control characters")),
    "a name of 201 characters": (entry(f'name = "{"n" * 201}"'), ("nnn…nnn", "longer than 200", "shorten")),
    # id
    "an id with a capital and a blank": (entry('id = "Open AI"'), ('id is "Open AI"', 'id = "open-ai"')),
    "an id that begins with a dot": (entry('id = ".a"'), ('id is ".a"', 'id = "a"')),
    "an id with a line end behind it": (entry('id = "a\\n"'), ('id is "a"', "a-z, 0-9")),
    "an id of 65 characters": (entry(f'id = "{"a" * 65}"'), ("id is", "1 to 64", f'id = "{"a" * 64}"')),
    "an empty id": (entry('id = ""'), ("id is empty", "leave it out")),
    "an id that is a number": (entry("id = 1"), ("id is 1", "leave it out")),
    "one id given twice": (
        MINIMAL + 'id = "x"\n' + entry('name = "B"', 'id = "x"'),
        ('provider 2 "B"', 'id "x"', 'provider 1 "A"', 'id = "x-2"'),
    ),
    "two names of one slug": (
        entry('name = "Open AI"') + "\n" + entry('name = "Open-AI"'),
        ('provider 2 "Open-AI"', 'id "open-ai"', 'provider 1 "Open AI"', 'id = "open-ai-2"'),
    ),
    # url
    "an empty url": (entry('url = ""'), ("url is empty", "https://")),
    "a url that is a number": (entry("url = 5"), ("url is 5", "https://")),
    "a url without a scheme": (entry('url = "a.example"'), ('url is "a.example"', 'write "https://a.example"')),
    "a host and port without a scheme": (entry('url = "localhost:80"'), ('write "https://localhost:80"',)),
    "a url of another scheme": (entry('url = "ftp://a.example"'), ("ftp://a.example", "http:// or https://")),
    "a file": (entry('url = "file:///etc/passwd"'), ("http:// or https://",)),
    "a script": (entry('url = "javascript:alert(1)"'), ("http:// or https://",)),
    "a url without a host": (entry('url = "https:///path"'), ("without a host",)),
    "a url with a port alone": (entry('url = "https://:443/"'), ("without a host",)),
    "a url with a blank": (entry('url = "https://a.example/a b"'), ("a space",)),
    "a url with a line end behind it": (entry('url = "https://a.example\\n"'), ("control character",)),
    "a url with a backslash": (entry("url = 'https://a.example\\@b.example'"), ("backslash",)),
    "a port out of range": (entry('url = "https://a.example:65536"'), (":65536", "1 to 65535")),
    "a port of zero": (entry('url = "https://a.example:0"'), (":0", "1 to 65535")),
    "a port that is a word": (entry('url = "https://a.example:http"'), (":http", "1 to 65535")),
    "a host with an empty label": (entry('url = "https://a..example"'), ("a..example", "cannot exist")),
    "a host with a label of 64 letters": (entry(f'url = "https://{"a" * 64}.example"'), ("cannot exist",)),
    "a host with a percent sign": (entry('url = "https://a%2eb.example"'), ("cannot exist",)),
    "brackets around no address": (entry('url = "https://[a]/"'), ("https://[a]/", "not a valid address")),
    "a bracket left open": (entry('url = "https://[::1/"'), ("not a valid address",)),
    "a url of 3000 characters": (entry(f'url = "https://a.example/{"a" * 3000}"'), ("longer than 2048",)),
    # interval
    "an interval of zero": (entry("interval = 0"), ('provider 1 "A": interval is 0', "1 to 86400")),
    "an interval below zero": (entry("interval = -60"), ("interval is -60", "1 to 86400")),
    "an interval above a day": (entry("interval = 86401"), ("interval is 86401", "1 to 86400")),
    "an interval that is true": (entry("interval = true"), ("interval is true", "whole number of seconds")),
    "an interval with a point": (entry("interval = 60.0"), ("interval is 60.0", "whole number of seconds")),
    "an interval that is no number": (entry("interval = nan"), ("interval is nan", "whole number of seconds")),
    "an interval without end": (entry("interval = inf"), ("interval is inf", "whole number of seconds")),
    "an interval in quotes": (entry('interval = "60"'), ('interval is "60"', "whole number of seconds")),
    "an interval that is a list": (entry("interval = [60]"), ("interval is a list", "whole number of seconds")),
    "an impolite interval": (entry("interval = 9"), ('provider 1 "A": interval is 9', "allow_private = true")),
    "an impolite interval by default": (
        f"[defaults]\ninterval = 9\n{MINIMAL}",
        ('provider 1 "A": interval is 9', "allow_private = true"),
    ),
    # cadence
    "an unknown cadence": (entry('cadence = "slow"'), ('cadence is "slow"', "known are adaptive, fixed")),
    "a misspelled cadence": (entry('cadence = "Fixed"'), ('cadence is "Fixed"', "did you mean fixed?")),
    "a cadence that is a number": (entry("cadence = 10"), ("cadence is 10", "known are adaptive, fixed")),
    "a cadence by default": (
        f'[defaults]\ncadence = "adaptiv"\n{MINIMAL}',
        ('[defaults]: cadence is "adaptiv"', "did you mean adaptive?"),
    ),
    # the rest
    "a misspelled format": (entry('format = "statuspag"'), ('format is "statuspag"', "did you mean statuspage?")),
    "an unknown format": (entry('format = "gopher"'), ('format is "gopher"', "known are auto, feed, statuspage")),
    "a format that is a number": (entry("format = 1"), ("format is 1", "known are auto")),
    "an unknown first_sight": (entry('first_sight = "new"'), ('first_sight is "new"', "known are open, silent, all")),
    "a first_sight that is false": (entry("first_sight = false"), ("first_sight is false", "known are open")),
    "a share of a page per host": (entry("max_per_host = 1.5"), ("max_per_host is 1.5", "as in max_per_host = 2")),
    "no page per host": (
        entry("max_per_host = 0"),
        ("max_per_host is 0, not from 1 to 1000", "write max_per_host = 2"),
    ),
    "allow_private in quotes": (entry('allow_private = "yes"'), ('allow_private is "yes"', "true or false")),
    "allow_private that is a number": (entry("allow_private = 1"), ("allow_private is 1", "true or false")),
    "components that are text": (entry('components = "API*"'), ('components is "API*"', '["API*"]')),
    "components that are a table": (entry("components = {}"), ("components is a table", '["API*"]')),
    "a component that is a number": (entry('components = ["a", 5]'), ("components has an item that is 5", "write")),
    "a component that is empty": (entry('components = [""]'), ("components has an item that is empty", "write")),
    "an exclusion of nothing": (entry('components = ["a", "! "]'), ('components has an item that is "!"', '"!Beta*"')),
    "regions that are text": (entry('regions = "eu"'), ('regions is "eu"', 'regions = ["eu-*"]')),
    "a region that is a number": (entry("regions = [1]"), ("regions has an item that is 1", "write")),
    "an unknown impact": (
        entry('min_impact = "huge"'),
        ('min_impact is "huge"', "known are none, minor, major, critical"),
    ),
    "a misspelled impact": (entry('min_impact = "Major"'), ('min_impact is "Major"', "did you mean major?")),
    "maintenance as an impact": (
        entry('min_impact = "maintenance"'),
        ('min_impact is "maintenance"', "known are none"),
    ),
    "an impact that is a number": (entry("min_impact = 3"), ("min_impact is 3", "known are none")),
    "an impact that is a list": (entry('min_impact = ["minor"]'), ("min_impact is a list", "known are none")),
    "an impact by default": (f"[defaults]\nmin_impact = 1\n{MINIMAL}", ("[defaults]: min_impact is 1", "known are")),
    "an unknown kind": (
        entry('events = ["outage"]'),
        ('an item that is "outage"', "known are new_incident"),
    ),
    "a misspelled kind": (
        entry('events = ["new_incidents"]'),
        ("events has an", "did you mean new_incident?"),
    ),
    "a misspelled exclusion": (
        entry('events = ["!page_unreachable"]'),
        ('events has an item that is "page_unreachable"', "did you mean page_unreadable?"),
    ),
    "a kind that is a glob": (entry('events = ["page_*"]'), ('events has an item that is "page_*"', "page_")),
    "events that are text": (entry('events = "new_incident"'), ("events is", 'events = ["new_incident"]')),
    "maintenance in quotes": (entry('maintenance = "no"'), ('maintenance is "no"', "true or false")),
    "a filter at the top": ('min_impact = "major"\n' + MINIMAL, ('"min_impact"', "move it below [defaults]")),
}


@pytest.mark.parametrize(("text", "parts"), MISTAKES.values(), ids=MISTAKES.keys())
def test_the_message_names_file_place_key_and_remedy(text: str | bytes, parts: tuple[str, ...]) -> None:
    message = error_of(text)

    assert message.startswith("providers.toml: ")
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


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    assert "mine.toml: no such file; create it" in error_of_file(tmp_path / "mine.toml")


def test_a_directory_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path.name}: is a directory" in error_of_file(tmp_path)


def test_a_file_below_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert "cannot be read (Not a directory)" in error_of_file(tmp_path / "file" / "mine.toml")


def test_a_file_without_permission_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Root, who runs tests in containers, may read everything.
    monkeypatch.setattr(Path, "open", refuse)

    assert "cannot be read (Permission denied); correct" in error_of_file(tmp_path / "mine.toml")


def test_a_path_with_a_nul_or_escapes_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read (not a valid path)" in error_of_file(tmp_path / "mi\0ne\x1b[31m.toml")


def test_a_file_without_end_is_not_read_to_the_end() -> None:
    assert "/dev/zero: is larger than" in error_of_file(Path("/dev/zero"))


def test_an_error_in_a_file_begins_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[[provider]]", encoding="utf-8")

    assert f"{path}: provider 1: name is missing" in error_of_file(path)


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

NAMES = {
    "https://status.openai.com": "openai",
    "https://www.githubstatus.com/": "github",
    "https://www.vercel-status.com": "vercel",
    "https://linearstatus.com": "linear",
    "https://foo.statuspage.io": "foo",
    "https://foo.instatus.com/history": "foo",
    "https://letsencrypt.status.io": "letsencrypt",
    "https://status.foo.co.uk": "foo",
    "https://status.foo.com.au": "foo",
    "https://t.co": "t",
    "https://status.x.ai/feed.xml": "x",
    "https://azure.status.microsoft/en-us/status": "azure-en-us",
    "https://status.us3.datadoghq.com": "us3-datadoghq",
    "https://bitbucket.status.atlassian.com/api/v2/summary.json": "bitbucket-atlassian",
    "https://www.intercomstatus.com/us-hosting": "intercom-us-hosting",
    "https://status.io": "status",
    "https://status.müller.de:8443": "müller",
    "http://localhost:8080": "localhost:8080",
    "http://localhost:8080/page-1": "page-1",
    "http://simulator:8080/page-1/history.atom": "page-1",
    "http://127.0.0.1:8080/api/v2/status.json": "127.0.0.1:8080",
    "http://[::1]:8080/page-2/": "page-2",
}


@pytest.mark.parametrize(("url", "name"), NAMES.items())
def test_a_name_is_made_from_the_address(url: str, name: str) -> None:
    provider = new_provider(url, formats=FORMATS)

    assert (name, slug(name)) == (provider.name, provider.id)
    assert name == name_of(url)


def test_a_provider_given_by_hand_is_marked_so() -> None:
    provider = new_provider("https://status.foo.com#x", formats=FORMATS)

    assert provider == Provider(id="foo", name="foo", url="https://status.foo.com", origin="command")


def test_a_provider_given_by_hand_holds_what_was_given() -> None:
    provider = new_provider(
        "http://localhost:8080",
        formats=FORMATS,
        name="Page One",
        id="p1",
        format="feed",
        interval_s=2,
        cadence="fixed",
        allow_private=True,
        components=("API*",),
        regions=("!us-*",),
        min_impact="minor",
        events=("!new_incident",),
        maintenance=False,
        first_sight="all",
        origin="test",
    )

    assert provider == Provider(
        id="p1",
        name="Page One",
        url="http://localhost:8080",
        format="feed",
        interval_s=2,
        cadence=Cadence.FIXED,
        allow_private=True,
        components=("API*",),
        regions=("!us-*",),
        min_impact=Impact.MINOR,
        events=("!new_incident",),
        maintenance=False,
        first_sight=FirstSight.ALL,
        id_given=True,
        origin="test",
    )


def test_filters_that_are_given_replace_those_of_a_provider_one_by_one() -> None:
    provider = Provider(id="foo", name="Foo", url="https://foo.com", components=("API",), min_impact=Impact.MAJOR)

    changed = refiltered(provider, {"components": ("Web", "! Beta"), "maintenance": False})

    assert filters_of(changed) == (("Web", "!Beta"), (), "major", (), False)
    assert refiltered(provider, {}) == provider
    with pytest.raises(ConfigError, match='provider "foo": min_impact is "huge"; known are'):
        refiltered(provider, {"min_impact": "huge"})


def test_a_provider_given_by_hand_is_checked_alike() -> None:
    cases = {
        "new provider: url is": lambda: new_provider("status.foo.com", formats=FORMATS),
        'new provider "Foo": interval is 0': lambda: new_provider(
            "https://foo.com", formats=FORMATS, name="Foo", interval_s=0
        ),
        "new provider: interval is 5, less than": lambda: new_provider(
            "https://foo.com", formats=FORMATS, interval_s=5
        ),
        'new provider "": name is empty': lambda: new_provider("https://foo.com", formats=FORMATS, name=""),
        "new provider: format is": lambda: new_provider("https://foo.com", formats=FORMATS, format="x"),
        "new provider: components is": lambda: new_provider("https://foo.com", formats=FORMATS, components="API"),
        # The shell may hand over bytes that are no text.
        'new provider "A": name is': lambda: new_provider("https://foo.com", formats=FORMATS, name="A\udcff"),
    }

    for start, add in cases.items():
        with pytest.raises(ConfigError) as caught:
            add()
        assert str(caught.value).startswith(start)
        assert str(caught.value).isprintable()


# slugs

SLUGS = {
    "OpenAI": "openai",
    "Fly.io": "fly-io",
    "1Password": "1password",
    "8x8": "8x8",
    "360": "360",
    "Gelöst AG": "gelost-ag",
    "Łódź Straße Ørsted Æon Þing": "lodz-strasse-orsted-aeon-thing",
    "\ufb01nance": "finance",
    "İstanbul": "istanbul",
    "Let\u2019s Encrypt": "lets-encrypt",
    "AT&T": "at-t",
    "東京 Cloud": "cloud",
    "  --a--  ": "a",
}


@pytest.mark.parametrize(("name", "id"), SLUGS.items())
def test_a_slug_reads_like_its_name(name: str, id: str) -> None:
    assert id == slug(name)


def test_a_name_without_ascii_letters_gets_a_stable_id_of_its_own() -> None:
    assert slug("東京") == "provider-130016b259"
    assert len({slug(name) for name in ("東京", "東京 2", "Яндекс", "٣", "!", "?")}) == 6


@PATIENT
@given(st.text())
@example("\udcff")
@example("a" * 63 + " b")
def test_a_slug_is_always_an_id_that_the_catalogue_takes(name: str) -> None:
    made = slug(name)

    assert made == new_provider("https://a.example", formats=FORMATS, id=made).id
    assert made == slug(made)


@PATIENT
@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_a_slug_does_not_depend_on_how_accents_are_encoded(name: str, form: str) -> None:
    assert slug(name) == slug(unicodedata.normalize(form, name))


@PATIENT
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


def reads_or_refuses(data: bytes) -> None:
    try:
        providers = read(data)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - that nothing is raised is as good
        assert str(error).startswith("providers.toml: ")  # noqa: PT017 - the same
    else:
        assert providers
        assert len(providers) == len({provider.id for provider in providers})


@PATIENT
@given(st.lists(LINES, max_size=12))
def test_whatever_looks_like_toml_is_read_or_refused(lines: list[str]) -> None:
    reads_or_refuses("\n".join(lines).encode(errors="surrogatepass"))


@PATIENT
@given(st.dictionaries(st.sampled_from(PROVIDERS.keys), VALUES))
def test_whatever_an_entry_holds_is_read_or_refused(keys: dict[str, str]) -> None:
    reads_or_refuses("\n".join(["[[provider]]", *map(" = ".join, keys.items())]).encode(errors="surrogatepass"))


@PATIENT
@given(st.binary())
def test_whatever_bytes_are_read_or_refused(data: bytes) -> None:
    reads_or_refuses(data)


@PATIENT
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


def test_the_examples_of_this_file_are_toml() -> None:
    refused = {sentence for sentence, (text, _) in MISTAKES.items() if not is_toml(text)}

    assert refused == {
        "broken TOML is located",
        "TOML that ends too early is located",
        "a key that is given twice is located",
        "a number of 5000 digits",
        "a thousand brackets",
        "text that is not UTF-8 is located",
    }


def is_toml(text: str | bytes) -> bool:
    try:
        tomllib.loads(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError):
        return False
    return True
