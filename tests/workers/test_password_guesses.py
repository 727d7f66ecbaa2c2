from workers.guesses import ONCE, ONCE_TOGETHER, PAUSE_S, PAUSE_TOGETHER_S, Guesses


class Monotonic:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self._now = 1000.0

    def __call__(self) -> float:
        return self._now

    def passes(self, seconds: float) -> None:
        self._now += seconds


def test_a_client_gives_a_few_wrong_passwords_at_once_and_then_one_in_a_while() -> None:
    clock = Monotonic()
    guesses = Guesses(clock)
    for _ in range(ONCE):
        assert guesses.wait_s("a", is_known=False) == 0
        guesses.wrong("a", is_known=False)

    assert guesses.wait_s("a", is_known=False) == PAUSE_S
    assert guesses.wait_s("b", is_known=False) == 0
    clock.passes(PAUSE_S)
    assert guesses.wait_s("a", is_known=False) == 0
    guesses.wrong("a", is_known=False)
    assert guesses.wait_s("a", is_known=False) == PAUSE_S


def test_guesses_from_everywhere_lock_out_nobody_who_has_signed_in_before() -> None:
    clock = Monotonic()
    guesses = Guesses(clock)
    for number in range(ONCE_TOGETHER):
        assert guesses.wait_s(f"client {number}", is_known=False) == 0
        guesses.wrong(f"client {number}", is_known=False)

    assert guesses.wait_s("new client", is_known=False) == PAUSE_TOGETHER_S
    assert guesses.wait_s("owner", is_known=True) == 0
    clock.passes(PAUSE_TOGETHER_S)
    assert guesses.wait_s("new client", is_known=False) == 0


def test_guesses_are_few_however_long_somebody_tries_and_from_how_many_addresses() -> None:
    clock = Monotonic()
    guesses = Guesses(clock)
    looked_at = 0
    for second in range(600):
        for number in range(50):
            client = f"client {(second * 50 + number) % 5000}"
            if guesses.wait_s(client, is_known=False) == 0:
                guesses.wrong(client, is_known=False)
                looked_at += 1
        clock.passes(1.0)

    assert looked_at <= ONCE_TOGETHER + 600 / PAUSE_TOGETHER_S
