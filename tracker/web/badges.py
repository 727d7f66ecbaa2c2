"""Badges: the state of a provider in some words, as SVG and in the shape of shields.io endpoints. Pure."""

from html import escape
from typing import Final

import msgspec

from tracker.assessment import Assessment, State
from tracker.web.plain import title_of

#: Dark enough for white letters (WCAG AA).
_COLORS: Final = {
    State.OPERATIONAL: "#1a7f37",
    State.MINOR: "#9a6700",
    State.MAJOR: "#bc4c00",
    State.CRITICAL: "#b42318",
    State.MAINTENANCE: "#0a5cad",
    State.UNKNOWN: "#57606a",
    State.NOT_ASKED: "#57606a",
}
_WORDS: Final = {
    State.OPERATIONAL: "operational",
    State.MINOR: "minor problems",
    State.MAJOR: "major problems",
    State.CRITICAL: "critical problems",
    State.MAINTENANCE: "maintenance",
    State.UNKNOWN: "unknown",
    State.NOT_ASKED: "not asked yet",
}
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
#: Width of a letter of 11 px, on the average, and of the space around a text.
_LETTER: Final = 6.6
_PADDING: Final = 12
_LONGEST_LABEL: Final = 60


class StatusBadge(msgspec.Struct, frozen=True, kw_only=True):
    """The text and the colour of a badge."""

    label: str
    message: str
    color: str
    is_unknown: bool


def badge_of(name: str, found: Assessment) -> StatusBadge:
    """Return the badge of a provider; unknown says for how long."""
    message = _WORDS[found.state]
    if found.state is State.UNKNOWN and found.age_s is not None:
        message = f"{message}, {_age(found.age_s)}"
    return StatusBadge(
        label=title_of(name, _LONGEST_LABEL),
        message=message,
        color=_COLORS[found.state],
        is_unknown=not found.state.is_known,
    )


def as_svg(badge: StatusBadge) -> bytes:
    """Return the badge as a picture with a name for screen readers."""
    label, message = escape(badge.label), escape(badge.message)
    left, right = _width(badge.label), _width(badge.message)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img"'
        f' aria-label="{label}: {message}"><title>{label}: {message}</title>'
        f'<rect width="{left}" height="20" fill="#32383f"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{badge.color}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left // 2}" y="14" textLength="{left - _PADDING}">{label}</text>'
        f'<text x="{left + right // 2}" y="14" textLength="{right - _PADDING}">{message}</text></g></svg>'
    ).encode()


def as_endpoint(badge: StatusBadge) -> bytes:
    """Return the badge in the shape that shields.io reads."""
    return msgspec.json.encode(
        {
            "schemaVersion": 1,
            "label": badge.label,
            "message": badge.message,
            "color": badge.color.removeprefix("#"),
            "isError": badge.is_unknown,
        }
    )


def _width(text: str) -> int:
    return round(len(text) * _LETTER) + _PADDING


def _age(seconds: float) -> str:
    if seconds < _HOUR_S:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / _HOUR_S:.0f} h" if seconds < 2 * _DAY_S else f"{seconds / _DAY_S:.0f} d"
