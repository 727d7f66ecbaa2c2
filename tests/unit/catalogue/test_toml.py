"""What is printed for providers.toml says the same when it is read again."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tracker.catalogue import PROVIDERS, as_toml, new_provider, read_catalogue
from tracker.model.provider import Cadence, FirstSight, Provider

FORMATS = ("statuspage", "feed")
#: What the catalogue takes as a name or a glob.
texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30).filter(
    lambda text: text.replace("!", " ").strip()
)
providers = st.builds(
    new_provider,
    st.sampled_from(["https://a.example", "http://localhost:8080/x?y=%22%5C", "https://status.müller.example"]),
    formats=st.just(FORMATS),
    name=texts,
    id=st.none() | st.from_regex(r"[a-z0-9][a-z0-9._-]{0,9}", fullmatch=True),
    headers_env=st.none() | st.just({"Authorization": "ACME_AUTH", "X-Api.Key": "_KEY"}),
    format=st.sampled_from(["auto", "feed"]),
    interval_s=st.integers(10, 86_400),
    cadence=st.sampled_from(Cadence),
    allow_private=st.booleans(),
    max_per_host=st.none() | st.integers(1, 1000),
    components=st.lists(texts, max_size=3),
    regions=st.lists(texts, max_size=3),
    first_sight=st.sampled_from(FirstSight),
    origin=st.just("file"),
)


def read(text: str) -> tuple[Provider, ...]:
    return read_catalogue(text.encode(), file="providers.toml", formats=FORMATS)


@given(st.lists(providers, min_size=1, max_size=3, unique_by=lambda provider: provider.id))
def test_what_is_written_is_read_again(given_: list[Provider]) -> None:
    assert read(as_toml(given_)) == tuple(given_)


def test_what_holds_anyway_is_not_written() -> None:
    provider = new_provider("https://status.openai.com", formats=FORMATS, name="OpenAI")

    assert as_toml([provider]) == '[[provider]]\nname = "OpenAI"\nurl = "https://status.openai.com"\n'


def test_every_key_of_the_catalogue_is_written() -> None:
    usual = new_provider("https://a.example", formats=FORMATS, name="A")
    fields = {entry.field for entry in PROVIDERS.entries.values()}

    assert fields == set(msgspec.structs.asdict(usual)) - {"origin", "id_given"}
