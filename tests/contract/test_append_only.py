"""The data server's append-only file after a power loss, with the real data server."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tracker.errors import ConfigError
from tracker.supervise.server import EmbeddedServer

BEFORE = 2000


@contextmanager
def running(server: EmbeddedServer) -> Iterator["redis.Redis | None"]:
    """Start the data server; None if it ends at once. It is killed at the end."""
    process = subprocess.Popen(server.argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    process.stdin.write(server.config)
    process.stdin.close()
    try:
        with redis.Redis.from_url(server.url) as client:
            while process.poll() is None:
                try:
                    client.ping()
                except redis.ConnectionError:
                    continue
                except redis.BusyLoadingError:
                    continue
                yield client
                return
            yield None
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that the server wrote until it was killed."""
    with running(EmbeddedServer(tmp_path)) as client:
        assert client is not None
        for number in range(BEFORE):
            client.set(f"key-{number}", "x" * 100)
        while client.info("persistence")["aof_buffer_length"]:
            client.ping()  # while it syncs the file, it keeps what comes meanwhile
    (found,) = (tmp_path / "server" / "appendonlydir").glob("*.incr.aof")
    return found


def zeros(data: bytes) -> bytes:
    return data + bytes(4096)


def zeros_behind_a_cut(data: bytes) -> bytes:
    return data[:-30] + bytes(100_000)


def cut(data: bytes) -> bytes:
    return data[:-30]


def noise_behind_a_cut(data: bytes) -> bytes:
    return data[:-30] + b"\xff" * 200


@pytest.mark.parametrize(("tear", "lost"), [(zeros, 0), (zeros_behind_a_cut, 1), (cut, 1), (noise_behind_a_cut, 1)])
def test_a_torn_end_is_cut_off_and_the_rest_is_there(
    file: Path, tmp_path: Path, tear: Callable[[bytes], bytes], lost: int
) -> None:
    torn = tear(file.read_bytes())
    file.write_bytes(torn)
    server = EmbeddedServer(tmp_path)
    with running(server) as client:
        was_refused = client is None

    sentence = server.mended() if was_refused else None

    assert was_refused == (tear is not cut)
    if was_refused:
        assert sentence is not None
        assert "are cut off" in sentence
        assert (tmp_path / "server" / f"{file.name}.broken").read_bytes() == torn
    with running(server) as client:
        assert client is not None
        assert client.dbsize() == BEFORE - lost
    assert server.mended() is None


def test_a_file_that_is_broken_in_the_middle_stays_and_the_command_is_named(file: Path, tmp_path: Path) -> None:
    data = bytearray(file.read_bytes())
    data[100:200] = b"\xff" * 100
    file.write_bytes(data)
    server = EmbeddedServer(tmp_path)
    with running(server) as client:
        assert client is None

    with pytest.raises(ConfigError, match=r"valkey-check-aof --fix .*incr\.aof"):
        server.mended()

    assert file.read_bytes() == data


def manifest_of_zeros(files: Path) -> None:
    (manifest,) = files.glob("*.manifest")
    manifest.write_bytes(bytes(manifest.stat().st_size))


def no_newest_file(files: Path) -> None:
    (newest,) = files.glob("*.incr.aof")
    newest.unlink()


@pytest.mark.parametrize("break_files", [manifest_of_zeros, no_newest_file])
def test_files_that_cannot_be_mended_are_named_with_a_way_out(
    break_files: Callable[[Path], None], file: Path, tmp_path: Path
) -> None:
    break_files(file.parent)
    server = EmbeddedServer(tmp_path)
    with running(server) as client:
        assert client is None

    assert server.broken_files(server.reason_of_end()) == file.parent
    file.parent.rename(file.parent.with_suffix(".broken"))
    with running(EmbeddedServer(tmp_path)) as client:
        assert client is not None
