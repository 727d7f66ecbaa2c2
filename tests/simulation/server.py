"""The data server of the simulations of one process: fakeredis, whose Lua is compiled once instead of at every call."""

import hashlib
from collections.abc import Callable, Collection
from functools import cache
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import fakeredis
import redis
from lupa import lua51

#: As a real data server does: a script that writes a global, or reads one that is not there, fails.
_STRICT: Final = """
setmetatable(_G, {
  __newindex = function(_, name) error('Script attempted to create global variable ' .. tostring(name), 2) end,
  __index = function(_, name) error('Script attempted to access nonexistent global variable ' .. tostring(name), 2) end,
})
"""


def _sha1hex(value: bytes) -> bytes:
    """Return what `redis.sha1hex` does, which fakeredis lacks."""
    return hashlib.sha1(value, usedforsecurity=False).hexdigest().encode()


class _Globals(NamedTuple):
    """The names of the globals as fakeredis compares them before each command of a script: they cannot change."""

    names: Collection[bytes] = ()

    def keys(self) -> Collection[bytes]:
        return self.names


class _Interpreter(lua51.LuaRuntime):  # type: ignore[misc,name-defined]
    """Lua as fakeredis uses it, without the work that it does again at every call."""

    def __init__(self, **_: Any) -> None:
        self._functions: dict[bytes | str, Callable[[], Any]] = {}

    def execute(self, script: bytes | str, *_: Any) -> Any:
        """Run a script. Garbage is collected by Lua itself, and not after every script."""
        if script == "collectgarbage()":
            return None
        if not self._functions:
            super().globals()[b"redis"][b"sha1hex"] = _sha1hex
            super().execute(_STRICT)
        function = self._functions.get(script)
        if function is None:
            function = self._functions[script] = self.compile(script)
        return function()

    def globals(self) -> _Globals:
        """Return the names of no globals, since none can come."""
        return _Globals()


@cache
def _server() -> fakeredis.FakeServer:
    server = fakeredis.FakeServer()
    with patch.object(lua51, "LuaRuntime", _Interpreter):
        fakeredis.FakeRedis(server=server).eval("return 1", 0)
    return server


Call = Callable[[str, Callable[[], Any]], Any]


class SimulatedRedis(fakeredis.FakeRedis):
    """A client whose calls are made by a simulation: it gets the name of each and what makes it."""

    def __init__(self) -> None:
        super().__init__(server=_server(), single_connection_client=True)
        self.call: Call = lambda _, run: run()
        connection: Any = self.connection
        self._encoded = connection.encoder.encode
        # redis-py and fakeredis have no shorter way to each other than the bytes of a protocol, a pool, a queue and
        # measurements: together more work than most commands.
        self._socket = connection._sock

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command when it is its turn."""
        return self.call(str(args[0]), lambda: self._run(args, options))

    def register_script(self, script: Any) -> Any:
        """Return a script that the server knows: which process first needs one is not simulated."""
        registered = super().register_script(script)
        if registered.sha not in _loaded:
            self._run(("SCRIPT LOAD", script), {})
            _loaded.add(registered.sha)
        return registered

    def pipeline(self, *args: Any, **options: Any) -> Any:
        """Return a pipeline that runs as one call."""
        pipe = super().pipeline(*args, **options)

        def execute() -> list[Any]:
            commands = list(pipe.command_stack)
            answers = self.call("pipeline", lambda: [self._run(args, options) for args, options in commands])
            pipe.reset()
            return answers

        pipe.execute = execute
        return pipe

    def _run(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        name: str = args[0]
        self._socket._process_command([*name.encode().split(), *map(self._encoded, args[1:])])
        answer = self._socket.responses.get_nowait()
        if isinstance(answer, redis.ResponseError):
            raise answer
        understood = self.response_callbacks.get(name)
        options.pop("keys", None)
        return understood(answer, **options) if understood else answer


#: Digests of the scripts that the server has.
_loaded: Final[set[str]] = set()


@cache
def bare_client() -> SimulatedRedis:
    """Return a client whose calls just run: for whoever sets up, and looks at the end."""
    return SimulatedRedis()


@cache
def _simulated_client() -> SimulatedRedis:
    return SimulatedRedis()


def begun(call: Call) -> SimulatedRedis:
    """Begin anew with an empty data server; return the client of one simulation, the only one now."""
    bare_client().flushall()
    client = _simulated_client()
    client.call = call
    return client
