"""docs/coverage.md: which vendors are known by name and how far each page is read, from the presets and the formats."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tracker.catalogue.presets import Preset, presets
from tracker.parse import FORMATS
from tracker.polling.coverage import Reach, coverage

DOCUMENT = Path(__file__).parents[2] / "docs" / "coverage.md"
INTRODUCTION = """\
# Coverage

Which vendors `tracker providers add` knows by name, and how far their pages are read. Written from the presets
(tracker/catalogue/presets/vendors.toml) and the formats by tests/documents/test_coverage_table.py, with WRITE_DOCS=1.

*Fully* is a page of a format that reads all that its pages show, *in part* one of which something known is not read.
The month says when somebody last saw the page so: an independent list or reader, or a recorded answer. What a page runs
on is read off its answers of that month: where only that is known, the platform has an asterisk. A page with the
paths of Atlassian Statuspage may be incident.io's, which has them too, or a vendor's own; it is read all the same.
`tracker presets check` asks the pages and says what is no longer so.

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
    shares = ", ".join(f"{reached[reach]} {reach} ({reached[reach] / total:.1%})" for reach in Reach)
    return f"{total} vendors: {shares}.\n\n"


def by_platform() -> Iterator[tuple[str, ...]]:
    vendors = Counter(platform(preset) for preset in presets())
    reached = {platform(preset): coverage(preset).reach for preset in presets() if preset.unread is None}
    for name, count in sorted(vendors.items(), key=lambda item: (-item[1], item[0])):
        yield name, str(count), reached.get(name, Reach.NOT)


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

    assert DOCUMENT.read_text(encoding="utf-8") == written(), "write it anew with WRITE_DOCS=1"


def test_nineteen_of_twenty_vendors_are_read_fully() -> None:
    reached = Counter(coverage(preset).reach for preset in presets())

    assert reached[Reach.FULLY] >= 600
    assert reached[Reach.FULLY] / reached.total() >= 0.95
