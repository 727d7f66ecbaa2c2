"""Clients of an authority that hands out tokens (OAuth 2.0 client credentials, RFC 6749, section 4.4)."""

from collections.abc import Mapping

import msgspec

from tracker.environment.credentials import secret_of


class OAuthClient(msgspec.Struct, frozen=True, kw_only=True):
    """A client that asks an authority for tokens."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str

    def __repr__(self) -> str:
        """Return all of it but the secret."""
        return f"OAuthClient(token_url={self.token_url!r}, client_id={self.client_id!r}, scope={self.scope!r})"


def client_of(variable: str, environ: Mapping[str, str], place: str) -> OAuthClient | None:
    """Return the client that variables with this prefix describe, None without a token URL; `place` is for messages.

    Raises ConfigError.
    """
    token_url = environ.get(f"{variable}_TOKEN_URL")
    if not token_url:
        return None
    key = f"headers_env, with {variable}_TOKEN_URL set,"
    return OAuthClient(
        token_url=token_url,
        client_id=secret_of(f"{variable}_CLIENT_ID", environ, place=place, key=key),
        client_secret=secret_of(f"{variable}_CLIENT_SECRET", environ, place=place, key=key),
        scope=environ.get(f"{variable}_SCOPE", ""),
    )
