"""A short run of what `make fuzz` does at length: only ParseError comes out of a parser. Nothing is timed here."""

from collections.abc import Iterator
from itertools import count, islice

import pytest

from tests.fuzz import wire
from tests.fuzz.bodies import golden
from tests.fuzz.run import PARSERS, BrokenAnswer, Outcomes, broken_answer, try_out

#: Of each parser; the first ones and what detects a format have several shapes to read.
CASES = {"statuspage": 300, "feed": 300, "auto": 300}
FEWER_CASES = 60
BODIES = golden()
#: Longer ones take most of the time; `make fuzz` has them.
MOST_BYTES = 16 * 1024


def short_answers(parser: str, seed: int) -> Iterator[tuple[int, BrokenAnswer]]:
    """Yield the number and the answer of those cases that are not long."""
    answers = ((number, broken_answer(BODIES, parser, seed, number)) for number in count())
    return ((number, answer) for number, answer in answers if len(answer.body) <= MOST_BYTES)


@pytest.mark.parametrize("parser", PARSERS)
def test_nothing_but_a_parse_error_comes_out_of_a_parser(parser: str) -> None:
    counts = Outcomes(parser)
    cases = CASES.get(parser, FEWER_CASES)

    for number, answer in islice(short_answers(parser, 1), cases):
        try_out(parser, number, answer, counts)

    assert counts.failures == []
    assert counts.read + counts.refused == counts.cases == cases
    assert min(counts.read, counts.refused) > cases / 10, "what is broken is broken in all degrees"


def test_a_case_is_the_same_at_every_run() -> None:
    def cases(seed: int) -> list[BrokenAnswer]:
        return [broken_answer(BODIES, parser, seed, number) for parser in PARSERS for number in range(5)]

    assert cases(1) == cases(1)
    assert cases(1) != cases(2)


#: Of broken heads and encodings.
WIRE_CASES = 200


def test_nothing_but_a_fetch_error_comes_out_of_the_fetcher() -> None:
    counts = wire.Outcomes()
    with wire.Wire(seed=1) as origin:
        for number in range(WIRE_CASES):
            origin.try_out(number, counts)

    assert counts.failures == []
    assert counts.cases == sum(counts.outcomes.values()) == WIRE_CASES
    assert min(counts.outcomes["Fetched"], counts.outcomes["BadAnswer"], counts.outcomes["HttpStatusError"]) > 10
    assert counts.outcomes["TooLarge"] > 2
    assert min(counts.quick["Fetched"], counts.quick["BadAnswer"], counts.quick["HttpStatusError"]) > 5


def test_an_answer_on_the_wire_is_the_same_at_every_run() -> None:
    assert [wire.answer(1, number) for number in range(20)] == [wire.answer(1, number) for number in range(20)]
    assert wire.answer(1, 1) != wire.answer(2, 1)
