"""What is found of a data server before anything relies on it: one sentence each, and one list of commands."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import redis

from tests.data_server import DataServer
from tests.silent_server import Answer, SickServer, resp, says
from tracker.errors import ServerAway, ServerUnfit
from tracker.store import inspection
from tracker.store.connection import connect
from tracker.store.inspection import inspect
from tracker.store.needs import COMMANDS, named
from tracker.supervise.server import RIGHTS

HELLO = "%3\r\n+server\r\n+redis\r\n+version\r\n+{version}\r\n+role\r\n+{role}\r\n"
OK = "+OK\r\n"


def greeting(version: str, role: str = "master") -> str:
    return HELLO.format(version=version, role=role)


SICK: dict[str, tuple[Answer | None, type[Exception], str]] = {
    "silent": (None, ServerAway, "does not answer"),
    "a web server": (says("HTTP/1.1 400 Bad Request\r\n\r\n"), ServerUnfit, "is not a data server"),
    "one that wants TLS": (says("\x15\x03\x01\x00\x02\x02\x46"), ServerUnfit, "rediss://"),
    "loading": (says("-LOADING Redis is loading the dataset in memory\r\n"), ServerAway, "still loading"),
    "a wrong password": (says("-WRONGPASS invalid username-password pair\r\n"), ServerUnfit, "REDIS_PASSWORD"),
    "too old to be greeted": (
        resp(AUTH=OK, PING="+PONG\r\n", INFO="$21\r\nredis_version:5.0.14\r\n\r\n", CLIENT=OK, SELECT=OK),
        ServerUnfit,
        "is redis 5.0.14; Redis or Valkey 7.2 or later is needed",
    ),
    "Redis 6.2": (
        resp(HELLO=greeting("6.2.14"), PING="+PONG\r\n", CLIENT=OK, SELECT=OK),
        ServerUnfit,
        "is redis 6.2.14; Redis or Valkey 7.2 or later is needed",
    ),
    "without transactions": (
        resp(HELLO=greeting("7.4.0"), PING="+PONG\r\n", CLIENT=OK, SELECT=OK, WATCH=OK, UNWATCH=OK),
        ServerUnfit,
        "does not know MULTI",
    ),
    "a replica": (
        resp(HELLO=greeting("7.4.0", "replica"), PING="+PONG\r\n", CLIENT=OK, SELECT=OK),
        ServerUnfit,
        "is a replica",
    ),
    "one that cannot save": (
        resp(HELLO=greeting("7.4.0"), PING="-MISCONF Errors writing to the AOF file\r\n", CLIENT=OK, SELECT=OK),
        ServerAway,
        "takes no writes (MISCONF Errors writing to the AOF file)",
    ),
}


@pytest.mark.parametrize("name", SICK)
def test_a_server_that_will_not_do_is_named_in_one_sentence_without_its_password(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "ANSWER_S", 0.3)
    monkeypatch.setattr(inspection, "LOADING_S", 0.3)
    answer, kind, reason = SICK[name]
    with SickServer(answer) as server, pytest.raises(kind) as refused:
        inspect(server.url)

    sentence = str(refused.value)
    assert type(refused.value) is kind
    assert reason in sentence
    assert f"127.0.0.1:{server.port}" in sentence
    assert "hunter2" not in sentence
    assert "\n" not in sentence


@pytest.fixture
def admin(server: DataServer) -> Iterator["redis.Redis"]:
    client = connect(server.url)
    client.flushall()
    yield client
    client.config_set("maxmemory", 0)
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("save", "")
    client.config_set("appendonly", "yes")
    client.close()


def as_user(server: DataServer, admin: "redis.Redis", *rules: str) -> str:
    admin.execute_command("ACL", "SETUSER", "clerk", "reset", "on", ">secret", *rules)
    return server.url.replace("redis://", "redis://clerk:secret@")


ALL = sorted({named(command) for command in COMMANDS} - {"PING"})


@pytest.mark.parametrize("command", ALL)
def test_every_command_that_a_user_lacks_is_named_and_none_is_run(
    server: DataServer, admin: "redis.Redis", command: str
) -> None:
    rule = command.lower().replace(" ", "|")
    url = as_user(server, admin, "~*", "&*", "+@all", f"-{rule}")

    with pytest.raises(ServerUnfit, match=re.escape(f"refuses {command} (")) as refused:
        inspect(url)

    assert "deploy/redis/users.acl" in str(refused.value)
    assert admin.dbsize() == 0


def test_without_transactions_nothing_is_run(server: DataServer, admin: "redis.Redis") -> None:
    with pytest.raises(ServerUnfit, match="refuses MULTI"):
        inspect(as_user(server, admin, "~*", "&*", "+@all", "-multi"))

    assert admin.dbsize() == 0


def test_the_rights_that_we_give_are_enough_to_see_a_danger(server: DataServer, admin: "redis.Redis") -> None:
    admin.config_set("maxmemory-policy", "allkeys-lru")

    found = inspect(as_user(server, admin, *RIGHTS.split()))

    (danger,) = found.dangers
    assert "its maxmemory-policy is allkeys-lru" in danger
    assert found.version.startswith("valkey ")
    assert admin.dbsize() == 0


def test_a_user_who_may_only_read_can_look(server: DataServer, admin: "redis.Redis") -> None:
    url = as_user(server, admin, "~*", "+@read", "+@connection")

    assert inspect(url, commands=False).version
    with pytest.raises(ServerUnfit):
        inspect(url)


@pytest.mark.parametrize("hides", [(), ("-config",), ("-info",)], ids=["all", "no CONFIG", "no INFO"])
@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru", "volatile-ttl"])
def test_a_server_that_may_evict_is_named(
    server: DataServer, admin: "redis.Redis", policy: str, hides: tuple[str, ...]
) -> None:
    admin.config_set("maxmemory-policy", policy)
    url = as_user(server, admin, "~*", "&*", "+@all", *hides)

    named_dangers = " ".join(inspect(url).dangers)

    assert (f"its maxmemory-policy is {policy}; set it to noeviction" in named_dangers) is (policy != "noeviction")
    assert "secret" not in named_dangers
    if policy == "noeviction":
        assert named_dangers == ""


@pytest.mark.parametrize(
    ("appendonly", "save", "hides", "said"),
    [
        ("yes", "", (), ""),
        ("no", "3600 1", (), ""),
        ("no", "", (), "when it restarts; set appendonly to yes"),
        ("no", "", ("-config",), "when it restarts, unless it takes snapshots; set appendonly to yes"),
        ("no", "", ("-info", "-config"), ""),
    ],
)
def test_a_server_that_forgets_is_named(
    server: DataServer, admin: "redis.Redis", appendonly: str, save: str, hides: tuple[str, ...], said: str
) -> None:
    admin.config_set("save", save)
    admin.config_set("appendonly", appendonly)

    dangers = inspect(as_user(server, admin, "~*", "&*", "+@all", *hides)).dangers

    assert len(dangers) == bool(said)
    assert said in " ".join(dangers)


def test_a_full_server_and_a_replica_are_named(server: DataServer, admin: "redis.Redis") -> None:
    admin.config_set("maxmemory", 1)
    with pytest.raises(ServerAway, match="has no room left"):
        inspect(server.url)
    admin.config_set("maxmemory", 0)
    admin.replicaof("127.0.0.1", 1)
    try:
        with pytest.raises(ServerUnfit, match="is a replica"):
            inspect(server.url)
        assert inspect(server.url, commands=False).version
    finally:
        admin.replicaof("NO", "ONE")


def test_the_list_holds_what_the_scripts_send() -> None:
    sent = set()
    for script in files("tracker.store").joinpath("lua").iterdir():
        if script.name.endswith(".lua"):
            for command, sub in re.findall(r"redis\.p?call\('([A-Z]+)'(?:, '([A-Z]+)')?", script.read_text()):
                sent.add(f"{command} {sub}" if command in ("XGROUP", "XINFO") else command)

    assert sent <= set(ALL)
    assert len(sent) > 30


def test_the_list_is_what_users_acl_allows() -> None:
    rights = Path("deploy/redis/users.acl").read_text()

    assert RIGHTS.split(" -@all ")[1] in rights
