"""Which entry of a changed file is which provider: ids stay with their pages."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import stories, table
from tracker.catalogue import as_toml, kept_ids_line, read_catalogue, with_known_ids
from tracker.model.provider import Provider
from tracker.model.urls import canonical, same_page
from tracker.parse import FORMAT_NAMES

A, B, C = (f"https://status.{name}.example" for name in ("apple", "berry", "cherry"))


Entry = Mapping[str, object]


def file(*entries: Entry) -> tuple[Provider, ...]:
    """Return the providers of a file with these entries."""
    lines = [
        "\n".join(["[[provider]]", *(f"{key} = {value!r}" for key, value in entry.items()), ""]) for entry in entries
    ]
    return read_catalogue("\n".join(lines).encode(), file="providers.toml", formats=FORMAT_NAMES)


def entry(name: str, url: str, **keys: object) -> Entry:
    return {"name": name, "url": url, **keys}


PAGES = {"A": A, "B": B, "C": C, "A:443/": f"{A}:443/"}
KEYS: dict[str, Entry] = {
    "api": {"components": ["API"]},
    "web": {"components": ["Web"]},
    "id=a": {"id": "a"},
    "id=acme": {"id": "acme"},
    "interval=30": {"interval": 30},
}
MOVES = stories("renaming")


def entries_of(words: str) -> list[Entry]:
    """Return the entries that a line of a story names."""
    found = []
    for each in words.split(", ") if words != "-" else []:
        name, _, rest = each.partition(" @ ")
        page, *keys = rest.split()
        found.append(entry(name, PAGES[page], **{key: value for word in keys for key, value in KEYS[word].items()}))
    return found


@pytest.mark.parametrize("lines", MOVES.values(), ids=MOVES)
def test_an_id_stays_with_its_page(lines: list[tuple[str, str]]) -> None:
    ((before, rest),) = lines
    after, ids = (part.strip() for part in rest.split("|"))
    known = file(*entries_of(before)) if before != "-" else ()
    changed = file(*entries_of(after))

    found = with_known_ids(changed, known)

    assert ", ".join(provider.id for provider in found) == ids
    assert [provider.name for provider in found] == [provider.name for provider in changed]
    # What a restart reads from the same file is what it was.
    assert with_known_ids(changed, found) == found


def test_what_a_command_added_keeps_its_id() -> None:
    known = file(entry("Acme", A))

    found = with_known_ids(file(entry("Acme Inc", A), entry("Acme", B)), known, taken={"acme-2"})

    assert [provider.id for provider in found] == ["acme", "acme-3"]


names = st.sampled_from(["Acme", "Berry", "Cherry", "Date", "Elder"])
urls = st.sampled_from([A, B, C, f"{A}/", f"{B}/eu"])
entries = st.lists(st.builds(entry, names, urls), min_size=1, max_size=5, unique_by=lambda each: each["name"])


@given(st.lists(entries, min_size=1, max_size=6))
def test_whatever_is_renamed_no_two_have_one_id_and_no_page_is_forgotten_that_stays(files: list[list[dict]]) -> None:
    known: tuple[Provider, ...] = ()
    for wanted in files:
        found = with_known_ids(file(*wanted), known)
        assert len({provider.id for provider in found}) == len(wanted)
        for url in {canonical(provider.url) for provider in known}:
            before = {provider.id for provider in known if canonical(provider.url) == url}
            after = {provider.id for provider in found if canonical(provider.url) == url}
            assert before <= after or after <= before, "an id of a page stays with the page"
        # The file that says so outright means the same.
        assert [
            provider.id for provider in read_catalogue(as_toml(found).encode(), file="f", formats=FORMAT_NAMES)
        ] == [provider.id for provider in found]
        known = found


@pytest.mark.parametrize(("one", "other", "is_same"), table("same_pages"))
def test_when_two_addresses_are_of_one_page(one: str, other: str, is_same: bool) -> None:
    assert same_page(one, other) is same_page(other, one) is is_same


def test_who_keeps_an_id_is_reported_how_to_write_it() -> None:
    line = kept_ids_line([("Acme\x1b Inc", "acme"), *((f"N{number}", f"n-{number}") for number in range(9))])

    assert line.isprintable()
    assert "Acme Inc (acme), N0 (n-0)" in line
    assert "and 5 more" in line
    assert 'id = "acme"' in line
