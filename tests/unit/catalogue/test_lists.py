"""Lists that people have of vendors: what of them is understood, matched to presets, and said not to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import FOLDER, table
from tracker.catalogue import Subscriptions, new_provider
from tracker.catalogue.presets import presets
from tracker.catalogue.presets.imported import read_list
from tracker.errors import ConfigError
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES

#: The files of `golden/lists`, and the addresses that are read of each.
LISTS = table("lists_read")
GITHUB, OPENAI = "https://www.githubstatus.com", "https://status.openai.com"


def imported(text: str, file: str = "list.txt", known: tuple[Provider, ...] = ()) -> Subscriptions:
    return read_list(text.encode(), file=file, known=known, formats=FORMAT_NAMES)


def urls(found: Subscriptions) -> list[str]:
    return [provider.url for provider in found.providers]


@pytest.mark.parametrize("file", LISTS)
def test_a_list_is_read(file: str) -> None:
    found = read_list((FOLDER / "lists" / file).read_bytes(), file=file, known=(), formats=FORMAT_NAMES)

    assert urls(found) == LISTS[file]
    assert found.unmatched == found.invalid == ()


def test_what_cannot_be_matched_is_named_with_what_may_be_meant() -> None:
    found = imported("Gihub\nOur own intranet\n")

    assert found.providers == ()
    assert found.unmatched == (
        'no preset is called "Gihub"; did you mean github?',
        'no preset is called "Our own intranet"; add it by its address',
    )


def test_a_long_list_of_strangers_is_answered_at_once() -> None:
    found = imported("\n".join(map("Stranger {}".format, range(9_000))) + "\nGitHub\nGihub\n")

    assert (urls(found), len(found.unmatched)) == ([GITHUB], 9_001)
    assert found.unmatched[-1] == 'no preset is called "Gihub"; add it by its address', "the first are compared, alone"


def test_lists_of_a_spreadsheet_in_utf_16_are_read() -> None:
    found = read_list("Vendor\tPlan\nGitHub\tfree\n".encode("utf-16"), file="a.txt", known=(), formats=FORMAT_NAMES)

    assert urls(found) == [GITHUB]


def test_a_page_is_asked_for_once_however_often_it_is_named() -> None:
    found = imported(f"GitHub\ngithub\n{GITHUB}/\nhttps://www.githubstatus.com\n")

    assert urls(found) == [GITHUB]
    assert len(found.repeated) == 3


def test_what_is_watched_already_is_passed_over() -> None:
    known = new_provider(GITHUB, formats=FORMAT_NAMES, name="Ours")

    found = imported("GitHub\nOpenAI\n", known=(known,))

    assert urls(found) == [OPENAI]
    assert found.repeated == (f"{GITHUB} is there already, as ours",)


def test_each_preset_is_found_by_its_name() -> None:
    found = imported("\n".join(preset.name for preset in presets()), "names.txt")

    assert urls(found) == [preset.url for preset in presets()]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfeabc", "is not UTF-8"),
        (b"{", "is not valid JSON"),
        (b'{"a":' + b"[" * 100_000, "is not valid JSON"),
        (b'name,url\n"' + b"x" * 200_000, "cannot be read as CSV"),
        (b"a,b\n" + b"x,y\n" * 3_000_000, "is larger than 10 MB"),
        ("\n".join(map("n{}".format, range(10_001))).encode(), "names more than 10000 pages"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_list(data, file="list.txt", known=(), formats=FORMAT_NAMES)


@pytest.mark.parametrize("comment", ["# ours", "// ours", "; ours"])
def test_a_comment_above_a_table_names_nothing(comment: str) -> None:
    found = imported(f"{comment}\n;Name;Status page\n;Acme;https://status.acme.example\n", "vendors.csv")

    assert urls(found) == ["https://status.acme.example"]


@pytest.mark.parametrize(("file", "data"), [("a.tf", "a" * 1_000_000), ("a.yaml", f"- {{{'a' * 1_000_000}}}")])
def test_a_long_word_is_looked_at_once(file: str, data: str) -> None:
    assert imported(data, file).providers == ()


@given(st.binary(max_size=400), st.sampled_from(["a.txt", "a.csv", "a.yaml", "a.tf", "a.json"]))
def test_whatever_a_file_holds_is_a_list_or_refused(data: bytes, file: str) -> None:
    try:
        found = read_list(data, file=file, known=(), formats=FORMAT_NAMES)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - that nothing is raised is as good
    else:
        assert all(sentence.isprintable() for sentence in (*found.unmatched, *found.invalid))
