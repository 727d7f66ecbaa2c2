"""The wording of mistakes in the configuration.

Text that a message repeats may be hostile or huge, so it passes through here first.
"""

from collections.abc import Collection
from difflib import get_close_matches

from tracker.model.plain import visible

#: How much of a user's text one message repeats, in characters.
_CAP = 60
#: Integers beyond this are described, not written: Python refuses to write those of more than 4300 digits.
_WRITABLE = 10**15


class InvalidValue(Exception):
    """Raised by the check of one value; its text follows the name of the key: `is 5; write …`."""


def quoted(text: str) -> str:
    """Return the text in double quotes, fit for one line of a message."""
    return f'"{visible(text)}"'


def described(value: object) -> str:
    """Return a value of any type as its author would recognise it."""
    if isinstance(value, str):
        return quoted(value) if value.strip() else "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= _WRITABLE:
        return "a huge number"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return "a list"
    return "a table" if isinstance(value, dict) else f"a {type(value).__name__}"


def alternatives(word: str, known: Collection[str]) -> str:
    """Return the known words, led by the one that was probably meant."""
    spellings = {spelling.lower(): spelling for spelling in known}
    # Comparing costs the product of the lengths, and a word may be a megabyte long.
    close = get_close_matches(word[:_CAP].lower(), spellings, n=1)
    return f"did you mean {spellings[close[0]]}?" if close else f"known are {', '.join(known)}"
