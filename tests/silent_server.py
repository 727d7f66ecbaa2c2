"""A server on loopback that answers what a test tells it, whatever it is asked: no data server, or a sick one."""

import socket
import threading
from collections.abc import Callable
from typing import Self

Answer = Callable[[bytes], bytes]


def says(text: str) -> Answer:
    """Return the behaviour of one that answers everything so."""
    return lambda _: text.encode("latin-1")


def resp(**answers: str) -> Answer:
    """Return a data server that answers some commands, by their first word, and knows no others."""

    def answer(request: bytes) -> bytes:
        words = [line for line in request.split(b"\r\n") if line and line[:1] not in b"*$"]
        command = words[0].decode().upper() if words else ""
        text = answers.get(command)
        return (text or f"-ERR unknown command '{command}'\r\n").encode()

    return answer


class SickServer:
    """Accepts connections, and says nothing without an answer."""

    def __init__(self, answer: Answer | None = None) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"redis://:hunter2-hunter2@127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                while request := connection.recv(65536):
                    if self._answer is not None:
                        connection.sendall(self._answer(request))
            except OSError:
                return
