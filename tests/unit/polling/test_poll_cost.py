"""What the counters of pages say together."""

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
from tests.strategies import moments
from tracker.polling.poll_cost import ENDINGS, FAILED, IN_PART, ResponseClass, Savings, total

counts = st.integers(0, 2**40)
counters = st.builds(
    Savings,
    endings=st.dictionaries(st.sampled_from(ENDINGS), counts),
    received_bytes=counts,
    spared_bytes=counts,
    since=st.none() | moments,
)


@given(st.lists(counters))
def test_the_total_is_the_sum_since_the_first(pages: list[Savings]) -> None:
    together = total(pages)

    assert together.polls == sum(page.polls for page in pages)
    assert together.spared_parses == sum(page.spared_parses for page in pages)
    assert together.received_bytes == sum(page.received_bytes for page in pages)
    assert together.spared_bytes == sum(page.spared_bytes for page in pages)
    assert together.since == min((page.since for page in pages if page.since), default=None)


@given(counters)
def test_shares_add_up_to_all_polls(known: Savings) -> None:
    shares = sum(known.share(ending) for ending in ENDINGS)

    assert abs(shares - 1) < 1e-9 if known.polls else shares == 0


def test_an_answer_is_not_parsed_if_it_is_a_304_or_a_body_that_is_known() -> None:
    known = Savings(endings={ending: 10**power for power, ending in enumerate(ENDINGS)}, since=NOON)

    assert known.polls == 1_111_111
    assert known.spared_parses == 11


def test_every_response_class_a_failure_and_half_a_success_is_an_ending() -> None:
    assert {*ENDINGS} == {*ResponseClass, IN_PART, FAILED}
