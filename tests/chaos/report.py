"""What came of chaos runs, as tables."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from tests.chaos.publisher import Judgement


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of the run of one seed."""

    seed: int
    seconds: int
    #: By kind.
    faults: Mapping[str, int]
    record: Judgement
    #: Of the tracker with a namespace.
    beside: Judgement
    #: Updates that the webhook did not get, and those that it got more than once under one key.
    unhooked: int
    hooked_again: int
    #: How trackers ended that were started without a namespace, and how many were neither refused nor kept away.
    second_owners: Mapping[str, int]
    taken: int
    #: Keys in the data server that nobody accounts for.
    stray: tuple[str, ...]
    tracebacks: int

    @property
    def is_right(self) -> bool:
        """Return whether the promise was kept."""
        both = self.record + self.beside
        return both.is_right and not (self.unhooked or self.taken or self.stray or self.tracebacks)


def print_outcome(outcome: Outcome) -> None:
    """Print the figures of one seed."""
    both = outcome.record + outcome.beside
    rows: list[tuple[str, int]] = [
        *((f"fault: {kind}", count) for kind, count in sorted(outcome.faults.items())),
        ("faults in all", sum(outcome.faults.values())),
        ("updates expected", both.expected),
        ("of which with a namespace", outcome.beside.expected),
        ("lost", len(both.lost)),
        ("doubled", both.doubled),
        ("out of order", both.out_of_order),
        ("not expected", both.foreign),
        ("webhook: lost", outcome.unhooked),
        ("webhook: repeated with the same key", outcome.hooked_again),
        *((f"without a namespace: {end}", count) for end, count in sorted(outcome.second_owners.items())),
        ("keys not expected", len(outcome.stray)),
        ("tracebacks in the logs", outcome.tracebacks),
    ]
    width = max(len(name) for name, _ in rows)
    print(f"seed {outcome.seed}, {outcome.seconds} s")
    for name, count in rows:
        print(f"  {name.ljust(width)}  {count:>6}")
    for key in outcome.stray:
        print(f"  key not expected: {key}")
    for update in both.lost[:5]:
        print(f"  lost: {update}")
    print("passed" if outcome.is_right else "FAILED", flush=True)


def print_table(outcomes: Sequence[Outcome]) -> None:
    """Print a row for each seed, and the totals."""
    heads = ("seed", "seconds", "faults", "updates", "lost", "doubled", "out of order", "webhook lost", "taken over")
    heads += ("stray keys", "tracebacks")
    rows = [_row(outcome) for outcome in outcomes]
    totals = [sum(column) for column in list(zip(*rows, strict=True))[1:]]
    print(" | ".join(heads))
    for first, row in [*((str(row[0]), row[1:]) for row in rows), ("total", totals)]:
        cells = (first, *(f"{number:,}" for number in row))
        print(" | ".join(cell.rjust(len(head)) for head, cell in zip(heads, cells, strict=True)))
    print("passed" if all(outcome.is_right for outcome in outcomes) else "FAILED", flush=True)


def _row(outcome: Outcome) -> tuple[int, ...]:
    both = outcome.record + outcome.beside
    return (
        outcome.seed,
        outcome.seconds,
        sum(outcome.faults.values()),
        both.expected,
        len(both.lost),
        both.doubled + both.foreign,
        both.out_of_order,
        outcome.unhooked,
        outcome.taken,
        len(outcome.stray),
        outcome.tracebacks,
    )
