"""The icon of the tab: the mark, or the number of providers with problems. Pure."""

from typing import Final

_MOST: Final = 99
_MARK: Final = (
    '<path d="M3 19h6v10H3zM11 3h6v26h-6zM19 12h6v17h-6z" fill="#00838f"/>'
    '<path d="M27 3v26" stroke="#00838f" stroke-width="3" stroke-dasharray="2 2"/>'
)


def icon(problems: int) -> str:
    """Return the icon as SVG."""
    if not problems:
        return _svg(_MARK)
    said = f"{problems}" if problems <= _MOST else f"{_MOST}+"
    size = 24 if len(said) == 1 else 20 if len(said) < len("99+") else 15
    return _svg(
        '<rect width="32" height="32" rx="4" fill="#b00f1c"/>'
        f'<text x="16" y="16" dy=".36em" text-anchor="middle" font-family="system-ui,sans-serif" font-weight="700" '
        f'font-size="{size}" fill="#fff">{said}</text>'
    )


def _svg(inner: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{inner}</svg>'
