"""Writes pages as HTML: templates with forced escaping, vendor text made plain, only http and https addresses."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from tracker.model.plain import one_line, several_lines
from tracker.web.pages import strip, wording
from tracker.web.pages.badges import words

#: Vendors' titles and texts in lists, and on the page of the incident, in characters.
WORD: Final = 24
TITLE: Final = 300
LONG_TITLE: Final = 2000
EXCERPT: Final = 600
TEXT: Final = 50_000


class Templates:
    """Renders templates; one instance serves all requests."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("tracker.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= _FILTERS
        self._environment.globals |= {"incident_path": incident_path, "provider_path": provider_path}

    def render(self, template: str, **values: object) -> str:
        """Return the page. Raises jinja2 errors for a mistake in a template, never for a vendor's text."""
        return self._environment.get_template(template).render(values)


def incident_path(provider: str, incident_id: str) -> str:
    """Return the path of an incident's page."""
    return f"/incidents/{quote(provider, safe='')}/{quote(incident_id, safe='')}"


def provider_path(provider: str) -> str:
    """Return the path of a provider's page."""
    return f"/providers/{quote(provider, safe='')}"


def web_address(url: str | None) -> str | None:
    """Return an address that a link may lead to: http and https only; None for any other."""
    if not url or len(url) > LONG_TITLE:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    is_plain = parts.scheme in ("http", "https") and parts.hostname and url.isprintable()
    return url.strip() if is_plain else None


def without_scheme(url: str) -> str:
    """Return an address for people to read, cut if it is long."""
    return one_line(url.partition("://")[2].removesuffix("/"), 70)


def _with_now(convert: Callable[..., str]) -> Callable[..., str]:
    @pass_context
    def converted(context: Context, *values: Any) -> str:
        return convert(*values, context["frame"].now)

    return converted


def _paragraphs(text: str) -> Markup:
    """Return a vendor's text as paragraphs, everything in it escaped."""
    lines = [line for line in several_lines(text, TEXT).split("\n") if line]
    return Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)


def _with_code(text: str) -> Markup:
    """Return one of our sentences, with text in backticks as code and everything escaped."""
    parts = one_line(text, EXCERPT).split("`")
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if index % 2 else part for index, part in enumerate(parts))


_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "ago": _with_now(wording.ago),
    "ahead": _with_now(wording.ahead),
    "stamp": _with_now(wording.stamp),
    "day": _with_now(wording.day),
    "short_day": _with_now(wording.short_day),
    "window": _with_now(wording.window),
    "window_of_day": wording.window,
    "clock": wording.clock,
    "iso": wording.iso,
    "full": wording.full,
    "span": wording.span,
    "iso_span": wording.iso_span,
    "weekday": wording.weekday,
    "counted": wording.counted,
    "ordinal": wording.ordinal,
    "in_short": strip.short,
    "words": words,
    "word": lambda text: one_line(text, WORD),
    "line": lambda text: one_line(text, TITLE),
    "long_line": lambda text: one_line(text, LONG_TITLE),
    "excerpt": lambda text: one_line(text, EXCERPT),
    "plain": lambda text: several_lines(text, TEXT),
    "paragraphs": _paragraphs,
    "with_code": _with_code,
    "to_the_second": wording.to_the_second,
    "web_address": web_address,
    "without_scheme": without_scheme,
}
