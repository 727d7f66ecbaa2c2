"""Who Flower lets in, as its options and the environment say, before it listens anywhere."""

from types import SimpleNamespace
from typing import Any

import pytest

from tracker.errors import ConfigError
from workers.flower_login import closed


def options(**chosen: Any) -> Any:
    """Return Flower's options, these of them chosen."""
    plain = {"address": "", "port": 5555, "unix_socket": "", "basic_auth": None, "auth": "", "cookie_secret": None}
    return SimpleNamespace(**plain | chosen)


@pytest.mark.parametrize(
    ("chosen", "environ", "says"),
    [
        ({"address": "0.0.0.0"}, {}, "others could reach 0.0.0.0"),
        ({"address": "::"}, {}, "others could reach ::"),
        ({"address": "0.0.0.0", "basic_auth": [""]}, {}, "others could reach 0.0.0.0"),
        ({"address": "nowhere.invalid"}, {}, "the address nowhere.invalid cannot be found"),
        ({"unix_socket": "flower.sock"}, {}, "could use flower.sock"),
        ({"basic_auth": ["tracker:"]}, {}, "basic_auth holds no password"),
        ({"basic_auth": ["tracker"]}, {}, "basic_auth holds no password"),
        ({}, {"FLOWER_UNAUTHENTICATED_API": "true"}, "FLOWER_UNAUTHENTICATED_API lets any web page"),
        ({}, {"FLOWER_PASSWORD": "geheimnisträger"}, "letters beyond ASCII"),
        ({}, {"FLOWER_PASSWORD_FILE": "missing"}, "FLOWER_PASSWORD_FILE names a file that does not exist"),
    ],
)
def test_without_a_password_it_does_not_open_where_others_could_reach_it(
    chosen: dict[str, Any], environ: dict[str, str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        closed(options(**chosen), environ)


@pytest.mark.parametrize(("address", "kept"), [("", "127.0.0.1"), ("localhost", "localhost"), ("::1", "::1")])
def test_without_one_it_opens_on_this_machine_alone(address: str, kept: str) -> None:
    chosen = options(address=address)

    assert closed(chosen, {}) == ()
    assert chosen.address == kept


@pytest.mark.parametrize(
    ("basic_auth", "environ", "credentials"),
    [
        (["me:x"], {}, ("me:x",)),
        (["you:x", "me:y"], {"FLOWER_PASSWORD": "z"}, ("you:x", "me:y", "tracker:z")),
        ([], {"FLOWER_PASSWORD": "z"}, ("tracker:z",)),
    ],
)
def test_with_one_it_opens_to_all_who_know_it(
    basic_auth: list[str], environ: dict[str, str], credentials: tuple[str, ...]
) -> None:
    chosen = options(address="0.0.0.0", basic_auth=basic_auth)

    assert closed(chosen, environ) == credentials
    assert chosen.address == "0.0.0.0"
