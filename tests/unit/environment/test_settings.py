"""Settings: what each variable does, what each mistake says, and that no password shows."""

import pickle
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kombu import Connection
from redis.connection import parse_url
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from tests.goldens import table
from tracker import __version__
from tracker.environment.data_server import DEFAULT_REDIS_URL, masked_url
from tracker.environment.secret import read_secret
from tracker.environment.settings import PROJECT_URL, Settings
from tracker.errors import ConfigError

SECRET = "hunter2"


def settings_of(**environ: str) -> Settings:
    return Settings.from_environment(environ)


def error_of(**environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settings_of(**environ)
    message = str(caught.value)
    assert message.isprintable(), "one line, without control characters"
    assert SECRET not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return message


def test_an_empty_environment_gives_the_defaults() -> None:
    assert settings_of() == Settings(
        redis_url=DEFAULT_REDIS_URL,
        data_dir=Path("./data"),
        output_format="text",
        contact_url=PROJECT_URL,
        ca_file=None,
    )


def test_variables_that_compose_passes_empty_count_as_not_set() -> None:
    redis = ("REDIS_URL", "REDIS_URL_FILE", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "REDIS_USERNAME")
    tracker = (
        "TRACKER_DATA_DIR",
        "TRACKER_FORMAT",
        "TRACKER_CONTACT_URL",
        "TRACKER_CA_FILE",
        "TRACKER_LEAN",
        "SSL_CERT_FILE",
        "HTTP_PROXY",
        "https_proxy",
        "NO_PROXY",
    )

    assert settings_of() == settings_of(**dict.fromkeys((*redis, *tracker), ""))


def test_variables_give_the_settings() -> None:
    assert settings_of(
        REDIS_URL="redis://redis:6380/2",
        TRACKER_DATA_DIR="/var/lib/tracker",
        TRACKER_FORMAT="JSON",
        TRACKER_CONTACT_URL=" https://ops.example/bot ",
        TRACKER_LEAN="0",
    ) == Settings(
        redis_url="redis://redis:6380/2",
        data_dir=Path("/var/lib/tracker"),
        output_format="json",
        contact_url="https://ops.example/bot",
        lean=False,
    )


def test_the_user_agent_says_who_we_are_and_where_to_reach_us() -> None:
    settings = settings_of(TRACKER_CONTACT_URL="https://ops.example")

    assert settings.user_agent == f"status-page-tracker/{__version__} (+https://ops.example)"


# the address of Redis

REDIS_URLS: dict[str, tuple[dict[str, str], str]] = table("redis_urls")


@pytest.mark.parametrize(("environ", "url"), REDIS_URLS.values(), ids=REDIS_URLS.keys())
def test_the_url_of_redis_is_completed(environ: dict[str, str], url: str) -> None:
    settings = settings_of(**environ)

    assert settings.redis_url == url
    assert settings == settings_of(REDIS_URL=settings.redis_url)
    if url.startswith("sentinel://"):
        assert settings.sentinel_master == "m"
    else:
        assert settings == settings_of(REDIS_URL=settings.broker_url)


def test_kombu_asks_the_same_sentinels_with_the_same_password() -> None:
    settings = settings_of(REDIS_URL="sentinel://a:1,[::1]:3/2?master=m", REDIS_USERNAME="u", REDIS_PASSWORD="p@/;,")
    broker = Connection(settings.broker_url)

    assert broker.transport_cls == "sentinel"
    assert (broker.userid, broker.password, broker.virtual_host) == ("u", "p@/;,", "2")
    assert [(parts.hostname, parts.port) for parts in map(urlsplit, broker.alt)] == [("a", 1), ("::1", 3)]
    assert settings_of().sentinel_master is None


def test_redis_and_kombu_reach_the_same_database_with_the_same_password() -> None:
    settings = settings_of(REDIS_URL="redis://h:1/2", REDIS_PASSWORD="p@/", REDIS_USERNAME="u:")
    broker = Connection(settings.broker_url)

    assert parse_url(settings.redis_url) == {"host": "h", "port": 1, "db": 2, "username": "u:", "password": "p@/"}
    assert (broker.hostname, broker.port, broker.virtual_host, broker.userid, broker.password) == (
        "h",
        1,
        "2",
        "u:",
        "p@/",
    )


def test_kombu_gets_its_own_spelling_of_a_socket() -> None:
    settings = settings_of(REDIS_URL="unix:///run/unix.sock?db=12", REDIS_PASSWORD="p")

    assert settings.broker_url == "redis+socket://:p@/run/unix.sock?virtual_host=12"
    assert Connection(settings.broker_url).transport_cls == "redis"


REDIS_MISTAKES: dict[str, tuple[str, str]] = table("redis_mistakes")


@pytest.mark.parametrize(("url", "part"), REDIS_MISTAKES.values(), ids=REDIS_MISTAKES.keys())
def test_a_bad_url_of_redis_is_refused_and_not_repeated(url: str, part: str) -> None:
    message = error_of(REDIS_URL=url)

    assert message.startswith("REDIS_URL ")
    assert part in message
    assert "; write " in message


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_user_and_password_reach_redis(user: str, password: str) -> None:
    settings = settings_of(REDIS_USERNAME=user, REDIS_PASSWORD=password)

    parts = parse_url(settings.redis_url)
    assert (user, password) == (parts["username"], parts["password"])


@given(st.text())
@example("redis://[")
@example("redis://\u2100")
@example("unix:///\u2028")
def test_any_url_of_redis_is_taken_or_refused(tail: str) -> None:
    starts = ("", "redis://", "redis://h/", "unix:///", "sentinel://", "sentinel://h,", "sentinel://h?master=")
    for url in (f"{start}{tail}" for start in starts):
        try:
            settings = settings_of(REDIS_URL=url)
        except ConfigError as error:
            assert str(error).isprintable()  # noqa: PT017 - that nothing is raised is as good
        else:
            assert settings == settings_of(REDIS_URL=settings.redis_url)


# other mistakes

MISTAKES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "a misspelled format": ({"TRACKER_FORMAT": "jsn"}, ('TRACKER_FORMAT is "jsn"', "did you mean json?")),
    "an unknown format": ({"TRACKER_FORMAT": "yaml\x1b"}, ('TRACKER_FORMAT is "yaml"', "known are text, json")),
    "neither lean nor not": ({"TRACKER_LEAN": "no"}, ('TRACKER_LEAN is "no"', "known are 1, 0")),
    "a home directory": ({"TRACKER_DATA_DIR": "~/data"}, ('TRACKER_DATA_DIR is "~/data"', "write a whole path")),
    "a directory of two lines": ({"TRACKER_DATA_DIR": "a\nb"}, ("TRACKER_DATA_DIR", "control characters")),
    "a contact without a scheme": ({"TRACKER_CONTACT_URL": "ops.example"}, ("TRACKER_CONTACT_URL is", "https://")),
    "a contact with a line end": ({"TRACKER_CONTACT_URL": "https://a.example/\r\nX: y"}, ("control character",)),
    "a contact with a bracket": ({"TRACKER_CONTACT_URL": "https://a.example/(a)"}, ("percent-encode",)),
    "a contact beyond ASCII": ({"TRACKER_CONTACT_URL": "https://a.example/ü"}, ("percent-encode",)),
    "a password of bytes that are no text": ({"REDIS_PASSWORD": "hunter2\udcff"}, ("REDIS_PASSWORD is not UTF-8",)),
    "two URLs": ({"REDIS_URL": "redis://hunter2", "REDIS_URL_FILE": "/x"}, ("REDIS_URL and REDIS_URL_FILE", "unset")),
    "two passwords": ({"REDIS_PASSWORD": SECRET, "REDIS_PASSWORD_FILE": "/x"}, ("REDIS_PASSWORD_FILE", "unset")),
}


@pytest.mark.parametrize(("environ", "parts"), MISTAKES.values(), ids=MISTAKES.keys())
def test_the_message_names_variable_and_remedy(environ: dict[str, str], parts: tuple[str, ...]) -> None:
    message = error_of(**environ)

    assert [part for part in parts if part not in message] == [], message


# secrets in files


def test_a_secret_comes_from_the_variable_or_its_file_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b" hunter2 \r\n")

    assert read_secret({}, "A") is None
    assert read_secret({"A": "hunter2\n"}, "A") == "hunter2\n"
    assert read_secret({"A_FILE": str(path)}, "A") == " hunter2 "
    assert read_secret({"A": "", "A_FILE": str(path)}, "A") == " hunter2 "


def test_files_give_the_url_and_the_password(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("redis://h:1/2\n", encoding="utf-8")
    (tmp_path / "password").write_text("p@\n", encoding="utf-8")

    settings = settings_of(REDIS_URL_FILE=str(tmp_path / "url"), REDIS_PASSWORD_FILE=str(tmp_path / "password"))

    assert settings.redis_url == "redis://:p%40@h:1/2"


def test_a_secret_written_where_its_file_belongs_is_not_repeated() -> None:
    assert "REDIS_PASSWORD_FILE names a file that does not exist" in error_of(REDIS_PASSWORD_FILE=SECRET)


def test_a_secret_file_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "bytes").write_bytes(b"\xff")
    cases = {
        str(tmp_path): "REDIS_PASSWORD_FILE cannot be read (Is a directory)",
        "a\0b": "REDIS_PASSWORD_FILE cannot be read (not a valid path)",
        str(tmp_path / "empty"): "is empty",
        str(tmp_path / "bytes"): "is not UTF-8 text",
        "/dev/zero": "over 65536 bytes",
    }

    for path, part in cases.items():
        assert part in error_of(REDIS_PASSWORD_FILE=path)


# what shows

#: Some are broken in ways that put a password where none belongs.
SHOWN = table("addresses_shown")


@pytest.mark.parametrize(("url", "shown"), SHOWN.items())
def test_an_address_shows_no_password(url: str, shown: str) -> None:
    assert shown == masked_url(url)


def test_settings_show_no_password() -> None:
    settings = settings_of(REDIS_URL="redis://u:hunter2@h:1/2")

    assert "redis://u:***@h:1/2" in repr(settings)
    assert SECRET not in f"{settings} {settings!r} {[settings]}"


@given(st.text(min_size=1), st.sampled_from(["redis://:{}@h", "redis://u:{}@h/0", "{}", "redis://{}@h", "x://h?a={}"]))
def test_no_address_shows_its_password(noise: str, shape: str) -> None:
    secret = f"<{noise}>{SECRET}<{noise}>"

    assert SECRET not in masked_url(shape.format(secret))
    assert SECRET not in masked_url(shape.format(quote(secret, safe="")))
    assert masked_url(shape.format(secret)).isprintable()


def test_settings_are_values() -> None:
    settings = settings_of(REDIS_PASSWORD=SECRET)

    assert settings == pickle.loads(pickle.dumps(settings))
    with pytest.raises(AttributeError):
        settings.output_format = "json"  # type: ignore[misc]


# certificates


def test_a_file_of_certificates_is_taken_as_it_is_named() -> None:
    assert settings_of(TRACKER_CA_FILE=DEFAULT_CA_BUNDLE_PATH).ca_file == Path(DEFAULT_CA_BUNDLE_PATH)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"", "no certificates"),
        (b"words", "no certificates"),
        (b"\xff\x00", "no certificates"),
    ],
)
def test_a_file_without_certificates_is_an_error(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)

    error = error_of(TRACKER_CA_FILE=str(path))

    assert error.startswith('TRACKER_CA_FILE is "/')
    assert says in error


def test_our_file_comes_before_that_of_all_programs(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(Path(DEFAULT_CA_BUNDLE_PATH).read_bytes())

    assert settings_of(SSL_CERT_FILE=str(own)).ca_file == own
    assert settings_of(SSL_CERT_FILE="/nowhere", TRACKER_CA_FILE=str(own)).ca_file == own
    assert error_of(SSL_CERT_FILE="/nowhere").startswith('SSL_CERT_FILE is "/nowhere": it cannot be read')


def test_a_path_with_a_null_in_it_is_an_error() -> None:
    assert "TRACKER_CA_FILE" in error_of(TRACKER_CA_FILE="ca\0.pem")
