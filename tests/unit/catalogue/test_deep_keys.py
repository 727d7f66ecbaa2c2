"""A providers.toml with keys of thousands of parts is refused before it is read, which would take all memory."""

import pytest

from tracker.catalogue import read_catalogue
from tracker.errors import ConfigError

PARTS = 100_000


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * PARTS) + " = 1",
        f"[{'.'.join(['a'] * PARTS)}]",
        f"[[{' . '.join(['b-2'] * PARTS)}]]",
        ".".join(['"a b"'] * PARTS) + " = 1",
        ".".join(["'a'", "a"] * PARTS) + " = 1",
        "x = { " + ".".join(["a"] * PARTS) + " = 1 }",
    ],
    ids=["key", "header", "array", "quoted", "literal", "inline"],
)
def test_a_key_of_thousands_of_parts_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^p\.toml: line 2 has a key of 64 parts or more; no key here has over 3$"):
        read_catalogue(f"# pages\n{text}\n".encode(), file="p.toml", formats=("statuspage",))


def test_long_addresses_and_names_are_no_keys() -> None:
    host = ".".join(["a"] * 60)
    text = f'[[provider]]\nname = "{"v1.2, " * 9}"\nurl = "https://{host}.example"\n'

    (provider,) = read_catalogue(text.encode(), file="p.toml", formats=("statuspage",))

    assert provider.url == f"https://{host}.example"
