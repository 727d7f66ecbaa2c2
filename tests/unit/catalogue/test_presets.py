"""Vendors by name: the table that ships, how words find a vendor in it, and what a word stands for."""

import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fakes import incident, update
from tests.goldens import agrees, table
from tracker.catalogue import load_catalogue, new_provider, slug
from tracker.catalogue.presets import Preset, at, chosen, completions, nearest, presets, search
from tracker.catalogue.presets.line import preset_line
from tracker.catalogue.presets.table import scopes
from tracker.errors import ConfigError
from tracker.model.component_names import Listing
from tracker.model.filters import left_out_by
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES, FORMATS
from tracker.polling.coverage import Extent, coverage

SHIPPED = Path(__file__).parents[3] / "providers.toml"
PRESETS = presets()
#: Names of services as AWS shows them, with and without the place in brackets.
AWS_NAMES = table("aws_names")


def ids_of(found: tuple[Preset, ...]) -> list[str]:
    return [preset.id for preset in found]


# the table


def test_the_table_knows_well_over_four_hundred_vendors() -> None:
    assert len(PRESETS) >= 500
    assert {"openai", "github", "aws", "google-cloud", "azure", "slack", "cloudflare"} <= set(ids_of(PRESETS))


def test_presets_are_what_the_catalogue_takes() -> None:
    for preset in PRESETS:
        provider = new_provider(preset.url, formats=FORMAT_NAMES, name=preset.name)

        assert (provider.id, provider.name, provider.url) == (preset.id, preset.name, preset.url)
        assert provider.url.startswith("https://"), preset
        assert all(alias == slug(alias) for alias in preset.aliases), preset
        assert preset.platform != "", preset
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", preset.seen), f"seen is a month, as in 2026-09: {preset}"
        assert preset.answers is None or preset.answers in FORMATS, f"answers is the name of a format: {preset}"
        assert preset.answers is None or preset.platform in (None, "Cloudflare"), f"a platform has answers: {preset}"
        assert preset.host not in preset.moved_from, preset
        assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) for host in preset.moved_from), preset
        assert "" not in (preset.unread, preset.in_part), preset


def test_a_vendor_is_where_it_was_last_seen() -> None:
    """Vendors that moved to another host or platform, or were listed with none or a wrong one for a while."""
    seen = table("vendors_seen")

    assert {preset.id: [preset.url, preset.platform] for preset in PRESETS if preset.id in seen} == seen


def test_no_word_address_or_former_host_means_two_vendors() -> None:
    words = [word for preset in PRESETS for word in (preset.id, *preset.aliases)]
    urls = [preset.url for preset in PRESETS]
    hosts, before = {preset.host for preset in PRESETS}, [host for preset in PRESETS for host in preset.moved_from]

    assert sorted(words) == sorted(set(words))
    assert {"replicate", "steam"}.isdisjoint(words), "they have no page any more"
    assert sorted(urls) == sorted(set(urls))
    assert len(before) == len(set(before)) > 10
    assert hosts.isdisjoint(before)


#: Platforms that no format is named after: read as another one, by a feed, or not at all.
OTHERS = {
    *("Cloudflare", "Salesforce Trust", "Flashduty", "Hund", "StatusHub"),
    *("own page (KeyCDN)", "own page (PlayStation)"),
}


def test_a_platform_is_called_as_its_format_is_unless_it_has_none() -> None:
    titles = {known.title for known in FORMATS.values()}
    others = {preset.platform for preset in PRESETS if preset.platform not in titles and preset.platform is not None}

    assert others == OTHERS


def test_a_page_that_cannot_be_read_is_known_as_such() -> None:
    reached = {preset.id: coverage(preset) for preset in PRESETS}

    assert reached["github"].reach is reached["cloudflare"].reach is reached["posthog"].reach is Extent.FULLY
    assert (reached["mistral-ai"].reach, reached["mistral-ai"].reason) == (Extent.NOT, "turns programs away")
    assert (reached["meta"].reach, reached["meta"].format) == (Extent.IN_PART, "meta")
    assert (reached["keycdn"].reach, reached["keycdn"].reason) == (Extent.NOT, "nothing reads own page (KeyCDN) so far")
    assert (reached["hetzner"].reach, reached["hetzner"].format) == (Extent.IN_PART, "feed")
    assert (reached["salesforce"].reach, reached["salesforce"].format) == (Extent.FULLY, "salesforce")
    assert reached["leaseweb"].reach is Extent.UNKNOWN
    assert all((known.reach is Extent.FULLY) == (not known.reason) for known in reached.values())


def test_a_line_of_the_table_says_the_preset() -> None:
    for preset in PRESETS:
        ((preset_id, fields),) = tomllib.loads(preset_line(preset)).items()
        assert preset_id == preset.id
        assert {"url": fields["url"], "seen": fields["seen"]} == {"url": preset.url, "seen": preset.seen}
        assert tuple(fields.get("moved_from", ())) == preset.moved_from


def test_a_page_is_found_by_its_address_and_by_where_it_was() -> None:
    assert at("https://www.notion-status.com/") is at("https://status.notion.so/history") is not None
    assert at("https://status.nobody.example") is None


def test_the_pages_that_ship_agree_with_the_presets() -> None:
    by_id = {preset.id: preset.url for preset in PRESETS}
    shipped = {provider.id: provider.url for provider in load_catalogue(SHIPPED, formats=FORMAT_NAMES)}

    assert shipped == {provider_id: by_id.get(provider_id) for provider_id in shipped}


def test_short_names_are_found_in_any_case() -> None:
    services = scopes("aws").services

    assert [service for service in services if service != service.casefold()] == []
    assert {name: chosen(f"aws/{name.upper()}").components[0] for name in services} == dict(services)


# what a word stands for


@pytest.mark.parametrize(
    ("words", "url", "name"),
    [
        (["openai", "OpenAI", "chatgpt", "ChatGPT"], "https://status.openai.com", "OpenAI"),
        (["Let's Encrypt", "lets-encrypt", "LetsEncrypt"], "https://letsencrypt.status.io", "Let's Encrypt"),
    ],
)
def test_id_alias_and_name_stand_for_the_same_page(words: list[str], url: str, name: str) -> None:
    for word in words:
        choice = chosen(word)
        assert (choice.url, choice.name, choice.regions, choice.components) == (url, name, (), ())


@pytest.mark.parametrize(
    "word",
    [
        *("https://status.example.com:8443/a/b", "http://localhost:8080", "ftp://x", "://"),
        # Without its scheme it is left for the catalogue to refuse.
        *("status.example.com", "status.example.com:8443/x", "localhost:8080", "localhost:80/x"),
    ],
)
def test_an_address_stands_for_itself(word: str) -> None:
    choice = chosen(word)

    assert (choice.url, choice.name, choice.regions, choice.components) == (word, None, (), ())


def is_reported(provider: Provider, component: str, region: str = "us-east-1") -> bool:
    first = update("u1")
    known = incident("i1", first, components=(component,), regions=(region,))
    return left_out_by(provider, known, first, Listing(), maintenance=False) is None


def test_a_region_and_a_service_of_a_cloud() -> None:
    choice = chosen("aws:us-east-1/ec2")
    provider = new_provider(
        choice.url, formats=FORMAT_NAMES, name=choice.name, regions=choice.regions, components=choice.components
    )

    assert (provider.id, provider.name) == ("aws-us-east-1-ec2", "AWS us-east-1 ec2")
    assert provider.regions == ("us-east-1",)
    assert is_reported(provider, "Amazon Elastic Compute Cloud (N. Virginia)")
    assert is_reported(provider, "Multiple services")
    assert not is_reported(provider, "Amazon Simple Storage Service (N. Virginia)")
    assert not is_reported(provider, "Amazon Elastic Compute Cloud (Ireland)", region="eu-west-1")


@pytest.mark.parametrize("service", AWS_NAMES)
def test_a_service_is_known_by_the_name_that_the_page_shows_and_hides_the_others(service: str) -> None:
    first, *more = chosen(f"aws/{service}").components
    alike = {name for other, name in AWS_NAMES.items() if other.casefold() == service.casefold()}

    assert any(fnmatchcase(AWS_NAMES[service].casefold(), glob.casefold()) for glob in (first, *more))
    assert {name for name in AWS_NAMES.values() if fnmatchcase(name.casefold(), first.casefold())} <= alike


@pytest.mark.parametrize(
    ("word", "regions", "components"),
    [
        ("github/Actions", (), ("*Actions*",)),
        ("github/Git*", (), ("Git*",)),
        ("claude/API/Messages", (), ("*API/Messages*",)),
        (
            "aws:us-east-1, eu-west-1/s3,lambda",
            ("us-east-1", "eu-west-1"),
            ("*Simple Storage Service*", "*lambda*", "Multiple services"),
        ),
        *((f"aws:{region}", (region,), ()) for region in ("us-gov-west-1", "ap-southeast-5", "global", "US-EAST-1")),
        *((f"aws:{glob}", (glob,), ()) for glob in ("us-*", "?u-*")),
        # Where codes are not known, any region is taken.
        ("gcp:europe-west4", ("europe-west4",), ()),
    ],
)
def test_regions_and_components_behind_a_word_are_filters(
    word: str, regions: tuple[str, ...], components: tuple[str, ...]
) -> None:
    assert (chosen(word).regions, chosen(word).components) == (regions, components)


SLIPS = table("preset_slips")


@pytest.mark.parametrize("case", SLIPS)
def test_a_slip_of_the_pen_is_answered_with_the_sentence_that_was_reviewed(case: str) -> None:
    with pytest.raises(ConfigError) as caught:
        chosen(SLIPS[case][0])

    agrees("preset_slips", case, str(caught.value))
    assert str(caught.value).isprintable()


def test_a_word_of_100_000_letters_is_named_in_short() -> None:
    with pytest.raises(ConfigError, match=r"^there is no preset ooo") as caught:
        chosen("o" * 100_000)

    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(("word", "page"), table("pages_of_regions").items())
def test_a_region_with_a_page_of_its_own_stands_for_that_page(word: str, page: list[str]) -> None:
    choice = chosen(word)

    assert ([choice.url, choice.name], choice.regions) == (page, ())


@pytest.mark.parametrize("word", ["datadog:mars", "datadog:eu,us3", "salesforce:../x", "miro:us"])
def test_a_region_without_a_page_is_refused_with_those_that_there_are(word: str) -> None:
    with pytest.raises(ConfigError, match=r"has a page of its own for each of .*; name one of them"):
        chosen(word)


@given(st.text() | st.sampled_from(ids_of(PRESETS)).flatmap(lambda known: st.text(":/,*[]!a-").map(known.__add__)))
@example("aws:\n/x")
def test_whatever_word_is_taken_or_refused(word: str) -> None:
    try:
        choice = chosen(word)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - that nothing is raised is as good
    else:
        pages = {preset.url for preset in PRESETS} | {
            url for preset in PRESETS for url in scopes(preset.id).pages.values()
        }
        assert choice.url == word or choice.url in pages or choice.url.startswith("https://api.status.salesforce.com/")


# search


def test_without_a_word_all_are_found() -> None:
    assert ids_of(search([])) == sorted(ids_of(PRESETS))


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("openai", "openai"),
        ("PyPI", "python"),
        ("status.plaid.com", "plaid"),
        ("status.notion.so", "notion"),
        ("google cloud", "google-cloud"),
        ("cloud GOOGLE", "google-cloud"),
        ("Let's", "lets-encrypt"),
        ("google zebra", None),
    ],
)
def test_a_vendor_is_found_by_all_words_of_what_it_is_called_and_where_it_is_or_was(
    words: str, first: str | None
) -> None:
    assert [*ids_of(search(words.split()))[:1]] == ([first] if first else [])


def test_what_is_called_so_comes_before_what_begins_so_and_that_before_what_holds_it() -> None:
    found = ids_of(search(["azure"]))
    assert found[:2] == ["azure", "azure-devops"]
    assert "microsoft-365" not in found

    held = ids_of(search(["docker"]))
    assert held[0] == "docker"
    assert set(ids_of(search(["status"]))[:2]) == {"statuscake", "statuspage"}


def test_a_category_is_found() -> None:
    expected = {preset.id for preset in PRESETS if preset.category == "payments"}

    assert expected <= set(ids_of(search(["payments"])))


def test_the_beginning_of_a_later_word_comes_before_the_middle_of_one() -> None:
    found = ids_of(search(["hub"]))

    assert found.index("docker") < found.index("github")


def test_a_word_is_completed_to_the_presets_that_it_may_become() -> None:
    assert set(completions("data")) >= {"databricks", "datadog-us1", "datadog-eu"}
    assert completions("chatg") == ("openai",)
    assert completions("zzz") == ()


def test_what_was_meant_is_named_once() -> None:
    # Both spellings of Google's cloud are close.
    assert nearest("google-clod")[0] == "google-cloud"
    assert len(nearest("google-clod")) == len(set(nearest("google-clod")))


@given(st.text())
def test_whatever_is_sought_the_best_match_is_not_lost(word: str) -> None:
    assert set(search([word])) <= set(PRESETS)
    assert set(nearest(word)) <= set(ids_of(PRESETS))
