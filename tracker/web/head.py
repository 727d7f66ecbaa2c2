"""HEAD for every path that GET has: the same answer without its body (RFC 9110, 9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def answer_head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Have the app answer as for a GET, and send only the head of that answer; a stream ends there."""
    is_sent = False

    async def send_head(message: Message) -> None:
        nonlocal is_sent
        if message["type"] != "http.response.start":
            return
        is_sent = True
        await send(message)
        await send({"type": "http.response.body", "body": b""})

    async def receive_until_sent() -> Message:
        return {"type": "http.disconnect"} if is_sent else await receive()

    await app({**scope, "method": "GET"}, receive_until_sent, send_head)
