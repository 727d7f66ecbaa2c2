"""`/mcp`: the protocol over HTTP in the web server, behind the same access check as every other route.

The check covers the Host, the viewer, and whether another site's page sent the request. The protocol's own guard then
checks Host and Origin again, and so refuses even a browser that holds a token.
"""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from mcp.server.mcpserver import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

_LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
#: A question has a few hundred bytes.
_MOST_BYTES: Final = 64 * 1024


class McpService:
    """Answers without sessions, so that any number of processes may serve."""

    def __init__(self, server: MCPServer[Any], hosts: Iterable[str]) -> None:
        server.streamable_http_app(
            stateless_http=True,
            json_response=True,
            max_request_body_size=_MOST_BYTES,
            transport_security=_guard(hosts),
        )
        self._manager: StreamableHTTPSessionManager = server.session_manager
        self._running = AsyncExitStack()

    async def start(self) -> None:
        """Begin to accept requests."""
        await self._running.enter_async_context(self._manager.run())

    async def stop(self) -> None:
        """Stop accepting requests, and end those in progress."""
        await self._running.aclose()

    def router(self) -> APIRouter:
        """Return the route."""
        router = APIRouter(include_in_schema=False)

        @router.api_route("/mcp", methods=["GET", "POST", "DELETE"])
        async def mcp(_request: Request) -> Response:
            return _Handed(self._manager.asgi_app)

        return router


class _Handed(Response):
    """A response that another app makes for the same request, whose body was not read before."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the app answer."""
        await self._app(scope, receive, send)


def _guard(hosts: Iterable[str]) -> TransportSecuritySettings:
    names = [*_LOCAL, *hosts]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[each for name in names for each in (name, f"{name}:*")],
        allowed_origins=[
            f"{scheme}://{each}" for name in names for each in (name, f"{name}:*") for scheme in ("http", "https")
        ],
    )
