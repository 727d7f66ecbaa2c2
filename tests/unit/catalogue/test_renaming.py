"""Which entry of a changed file is which provider: ids stay with their pages."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import table
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


API, WEB = {"components": ["API"]}, {"components": ["Web"]}


MOVES: dict[str, tuple[list[Entry], list[Entry], list[str]]] = {
    "renamed": ([entry("Acme", A)], [entry("Acme Inc", A)], ["acme"]),
    "renamed and changed": ([entry("Acme", A)], [entry("Acme Inc", A, interval=30)], ["acme"]),
    "the address written otherwise": ([entry("Acme", A)], [entry("Acme Inc", f"{A}:443/")], ["acme"]),
    "another page, another name": ([entry("Acme", A)], [entry("Acme Inc", B)], ["acme-inc"]),
    "another page, the same name": ([entry("Acme", A)], [entry("Acme", B)], ["acme"]),
    "two names swapped": (
        [entry("Acme", A), entry("Berry", B)],
        [entry("Berry", A), entry("Acme", B)],
        ["acme", "berry"],
    ),
    "three names passed on": (
        [entry("Acme", A), entry("Berry", B), entry("Cherry", C)],
        [entry("Cherry", A), entry("Acme", B), entry("Berry", C)],
        ["acme", "berry", "cherry"],
    ),
    "the old name given to a new page": (
        [entry("Acme", A)],
        [entry("Acme Inc", A), entry("Acme", B)],
        ["acme", "acme-2"],
    ),
    "the old id given to a new page": (
        [entry("Acme", A)],
        [entry("Acme Inc", A), entry("Other", B, id="acme")],
        ["acme-inc", "acme"],
    ),
    "two entries of one page, both renamed": (
        [entry("Acme API", A, **API), entry("Acme Web", A, **WEB)],
        [entry("Second", A, **WEB), entry("First", A, **API)],
        ["acme-web", "acme-api"],
    ),
    "one of two renamed, the filter of the other changed": (
        [entry("Acme API", A, **API), entry("Acme Web", A, **WEB)],
        [entry("Acme API", A, **WEB), entry("Second", A, **WEB)],
        ["acme-api", "acme-web"],
    ),
    "renamed beside a new entry of the same page": (
        [entry("Acme", A, **API)],
        [entry("New", A, **WEB), entry("Acme Inc", A, **API)],
        ["new", "acme"],
    ),
    "two entries become one": (
        [entry("Acme API", A, **API), entry("Acme Web", A, **WEB)],
        [entry("Acme", A, **WEB)],
        ["acme-web"],
    ),
    "an id that was given": ([entry("Acme", A, id="a")], [entry("Acme Inc", A, id="a")], ["a"]),
    "an id that is no longer given": ([entry("Acme", A, id="a")], [entry("Acme", A)], ["a"]),
    "another id given": ([entry("Acme", A)], [entry("Acme", A, id="a")], ["a"]),
    "new": ([], [entry("Acme", A)], ["acme"]),
}


@pytest.mark.parametrize(("before", "after", "ids"), MOVES.values(), ids=MOVES)
def test_an_id_stays_with_its_page(before: list[Entry], after: list[Entry], ids: list[str]) -> None:
    known = file(*before) if before else ()

    found = with_known_ids(file(*after), known)

    assert [provider.id for provider in found] == ids
    assert [provider.name for provider in found] == [each["name"] for each in after]
    # What a restart reads from the same file is what it was.
    assert with_known_ids(file(*after), found) == found


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
