"""Check presets: request each page as a search does, and compare the result with the table.

Pages of one organisation are requested one after the other, with a pause between them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tracker.catalogue.presets import Preset
from tracker.errors import FetchError
from tracker.model.provider import Provider
from tracker.polling.answers import speaks
from tracker.polling.candidates import same_host
from tracker.polling.coverage import expected_format
from tracker.polling.discovery import Discovery, discover
from tracker.polling.fetcher import Fetcher

#: Between two pages of one organisation, in seconds.
PAUSE_S: Final = 2.0
_LABELS: Final = 2


class PresetVerdict(StrEnum):
    """The verdict on a preset."""

    SAME = "same"
    #: It answers at another host.
    MOVED = "moved"
    #: It answers in another format than the one that the table names.
    CHANGED = "changed"
    #: It answers in a format that reads it, and the table names none.
    FOUND = "found"
    #: It answers nothing that can be read.
    UNREADABLE = "unreadable"
    #: It does not answer, or turns programs away.
    UNREACHABLE = "unreachable"


class PresetFinding(msgspec.Struct, frozen=True, kw_only=True):
    """The finding about one preset."""

    preset: str
    verdict: PresetVerdict
    #: The endpoint and its format; None for nothing that can be read.
    url: str | None = None
    format: str | None = None
    #: A sentence, if the verdict does not say everything.
    detail: str = ""
    #: The number of requests that it took.
    requests: int = 0


def check_presets(
    wanted: Sequence[Preset],
    fetcher: Fetcher,
    pause: Callable[[float], object],
    *,
    at_once: int,
    allow_private: bool = False,
) -> Iterator[PresetFinding]:
    """Yield the finding about each preset, in their order; `at_once` organisations are requested at the same time."""

    def one_by_one(group: Sequence[Preset]) -> dict[str, PresetFinding]:
        found = {}
        for number, preset in enumerate(group):
            if number:
                pause(PAUSE_S)
            found[preset.id] = _asked(preset, fetcher, allow_private=allow_private)
        return found

    groups: dict[str, list[Preset]] = {}
    for preset in wanted:
        groups.setdefault(_organisation(preset), []).append(preset)
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        pending = {name: pool.submit(one_by_one, group) for name, group in groups.items()}
        for preset in wanted:
            yield pending[_organisation(preset)].result()[preset.id]


def judged(preset: Preset, discovery: Discovery) -> PresetFinding:
    """Return the finding of a search for a preset. Pure."""
    requests = len(discovery.attempts)
    if discovery.found is None:
        is_silent = isinstance(discovery.failure, FetchError)
        verdict = PresetVerdict.UNREACHABLE if is_silent else PresetVerdict.UNREADABLE
        return PresetFinding(preset=preset.id, verdict=verdict, detail=str(discovery.failure), requests=requests)
    source, url = discovery.found.source, discovery.found.answer.url
    known = expected_format(preset)
    verdict, detail = PresetVerdict.SAME, ""
    if not _is_there(preset, url, known.hosts if known else ()):
        verdict, detail = PresetVerdict.MOVED, f"{preset.host} leads to {urlsplit(url).netloc}"
    elif known is None:
        verdict, detail = PresetVerdict.FOUND, f"it answers as {speaks(source).title}"
    elif known.name != source.format:
        verdict, detail = PresetVerdict.CHANGED, f"it answers as {speaks(source).title}, not as {known.title}"
    return PresetFinding(
        preset=preset.id, verdict=verdict, url=url, format=source.format, detail=detail, requests=requests
    )


def corrected(preset: Preset, finding: PresetFinding, month: str, titles: Mapping[str, str]) -> Preset | None:
    """Return the preset as it was found, None where nothing of it could be read."""
    if finding.url is None or finding.format is None:
        return None
    fields: dict[str, object] = {"seen": month}
    if finding.verdict is PresetVerdict.MOVED:
        parts = urlsplit(finding.url)
        fields |= {
            "url": f"{parts.scheme}://{parts.netloc}",
            "moved_from": tuple(dict.fromkeys((*preset.moved_from, preset.host))),
        }
    known = expected_format(preset)
    if known is None or known.name != finding.format:
        fields |= {"platform": titles[finding.format], "answers": None, "unread": None}
    return msgspec.structs.replace(preset, **fields)


def _asked(preset: Preset, fetcher: Fetcher, *, allow_private: bool) -> PresetFinding:
    provider = Provider(id=preset.id, name=preset.name, url=preset.url, allow_private=allow_private)
    return judged(preset, discover(fetcher, provider))


def _is_there(preset: Preset, url: str, hosts: Collection[str]) -> bool:
    """Return whether an answer came from the preset's own host, or from one that its format has anyway."""
    host = urlsplit(url).hostname or ""
    is_platforms = preset.host in hosts and host in hosts
    return same_host(preset.url, url) or is_platforms or host == "api.status.io"


def _organisation(preset: Preset) -> str:
    """Return the owner of a page's servers, roughly: the last two labels of its host."""
    return ".".join((urlsplit(preset.url).hostname or "").split(".")[-_LABELS:])
