"""docs/coverage.md: which vendors are known by name and how far each page is read, from the presets and the formats."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tracker.catalogue.presets import Preset, presets
from tracker.parse import FORMATS
from tracker.polling.coverage import Extent, coverage

DOCUMENT = Path(__file__).parents[2] / "docs" / "coverage.md"
INTRODUCTION = """\
# Coverage

The vendors that `tracker providers add` knows by name, and how far their pages are read. Written from the presets
(tracker/catalogue/presets/vendors.toml) and the formats by tests/documents/test_coverage_table.py, with WRITE_DOCS=1.

A page is read *fully* where its format reads everything that the page shows, and *in part* where something is known to
be left out. The month is the last one in which the page was seen on its platform: by an independent list or reader, or
in a recorded answer. An asterisk marks a platform that is known only from the page's answers. A page marked Atlassian
Statuspage* may be one of incident.io or of the vendor itself, with the same paths; it is read either way.
`tracker presets check` asks the pages and reports what has changed.

"""


def platform(preset: Preset) -> str:
    if preset.platform is not None:
        return preset.platform
    return f"{FORMATS[preset.answers].title}*" if preset.answers is not None else "not known"


def row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    return "".join(map(row, (head, ("---",) * len(head), *rows)))


def summary() -> str:
    reached = Counter(coverage(preset).reach for preset in presets())
    total = sum(reached.values())
    shares = ", ".join(f"{reached[reach]} {reach} ({reached[reach] / total:.1%})" for reach in Extent)
    return f"{total} vendors: {shares}.\n\n"


def by_platform() -> Iterator[tuple[str, ...]]:
    vendors = Counter(platform(preset) for preset in presets())
    reached = {platform(preset): coverage(preset).reach for preset in presets() if preset.unread is None}
    for name, count in sorted(vendors.items(), key=lambda item: (-item[1], item[0])):
        yield name, str(count), reached.get(name, Extent.NOT)


def by_vendor() -> Iterator[tuple[str, ...]]:
    for preset in sorted(presets(), key=lambda preset: preset.name.casefold()):
        known = coverage(preset)
        moved = f"; before at {', '.join(preset.moved_from)}" if preset.moved_from else ""
        page = f"[{preset.host}]({preset.url}){moved}"
        yield preset.name, preset.id, page, platform(preset), known.reach, known.reason, preset.seen


def written() -> str:
    return (
        f"{INTRODUCTION}{summary()}## Platforms\n\n"
        f"{table(('platform', 'vendors', 'read'), by_platform())}\n## Vendors\n\n"
        f"{table(('vendor', 'preset', 'page', 'platform', 'read', 'what is not, and why', 'seen'), by_vendor())}"
    )


def test_the_document_says_what_presets_and_formats_say() -> None:
    """Set WRITE_DOCS=1 to write it."""
    if os.environ.get("WRITE_DOCS"):
        DOCUMENT.write_text(written(), encoding="utf-8")

    assert DOCUMENT.read_text(encoding="utf-8") == written(), "write it with WRITE_DOCS=1"


def test_nineteen_of_twenty_vendors_are_read_fully() -> None:
    reached = Counter(coverage(preset).reach for preset in presets())

    assert reached[Extent.FULLY] >= 600
    assert reached[Extent.FULLY] / reached.total() >= 0.95
