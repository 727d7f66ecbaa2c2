"""Resolves a word of `tracker providers add`: `openai`, `aws:us-east-1/ec2`, or an address. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from msgspec.structs import replace

from tracker.catalogue.entry import new_provider
from tracker.catalogue.presets.lookup import at, find, nearest
from tracker.catalogue.presets.table import Preset, Scopes, scopes
from tracker.errors import ConfigError
from tracker.model.plain import visible
from tracker.model.provider import Provider

#: PRESET[:REGION][/COMPONENT]; a component's name may hold a slash.
_WORD: Final = re.compile(r"(?P<preset>[^:/]*)(?P<region>:[^/]*)?(?P<component>/.*)?", re.DOTALL)
#: The code of a vendor's account or instance.
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_WILDCARDS: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A page that a user chose, with its chosen regions and components."""

    url: str
    #: None where only the address is known.
    name: str | None = None
    #: Globs; () means all.
    regions: tuple[str, ...] = ()
    #: Globs; () means all.
    components: tuple[str, ...] = ()
    #: The preset of the page, None where only the address is known.
    preset: Preset | None = None

    def provider(self, *, formats: Collection[str], name: str | None = None, **asked: Any) -> Provider:
        """Return its provider; its own regions and components come before those of `asked`. Raises ConfigError."""
        for key, globs in (("regions", self.regions), ("components", self.components)):
            asked[key] = (*globs, *asked.get(key, ()))
        return new_provider(self.url, formats=formats, name=self.name if name is None else name, **asked)


def chosen(word: str) -> Choice:
    """Return the choice that a word means. Raises ConfigError when it is neither a preset nor like an address."""
    parts = _WORD.fullmatch(word)
    if "://" in word or parts is None:
        return Choice(url=word)
    preset = find(parts["preset"])
    if preset is None:
        if "." in word or (parts["region"] or "").removeprefix(":").isdecimal():
            # A host, or a port: the catalogue says what the address lacks.
            return Choice(url=word)
        raise ConfigError(_unknown(parts["preset"]))
    named = scopes(preset.id)
    regions = _listed(parts["region"], preset.id, "region")
    page = _own_page(preset, named, regions)
    if page is not None:
        regions = ()
    components = _listed(parts["component"], preset.id, "component")
    _refuse_unlike(regions, named, preset.id)
    return Choice(
        url=preset.url if page is None else page.url,
        name=" ".join(filter(None, ((page or preset).name, ",".join(regions), ",".join(components)))),
        regions=regions,
        components=_globs(components, named),
        preset=preset,
    )


def _own_page(preset: Preset, named: Scopes, regions: Sequence[str]) -> Preset | None:
    """Return the preset of the page that the vendor has for a region or an account, None where it has none."""
    if not (named.pages or named.any_page) or not regions:
        return None
    word = regions[0]
    url = named.pages.get(word.casefold())
    if url is None and named.any_page and _ACCOUNT.fullmatch(word):
        url = named.any_page.replace("{}", word)
    if url is None or len(regions) > 1:
        known = ", ".join(named.pages) or "one account's code"
        raise ConfigError(f"{preset.id} has a page of its own for each of {known}; name one of them after the colon")
    other = at(url)
    return other or replace(preset, url=url, name=f"{preset.name} {word.upper()}")


def _unknown(word: str) -> str:
    """Return the sentence for a word that names no preset."""
    close = nearest(word)
    hint = f"did you mean {' or '.join(close)}?" if close else "`tracker providers search` lists them"
    return (
        f"there is no preset {visible(word) or 'of that name'}; {hint} (any other page: give its address, https://...)"
    )


def _listed(part: str | None, preset_id: str, kind: str) -> tuple[str, ...]:
    """Return the items of a part with its mark in front, () where there is none."""
    if part is None:
        return ()
    items = tuple(item.strip() for item in part[1:].split(","))
    if not all(items):
        raise ConfigError(
            f"{preset_id}{part[0]} has an empty {kind}; write one, as in aws:us-east-1/ec2, or leave it out"
        )
    return items


def _refuse_unlike(regions: Sequence[str], named: Scopes, preset_id: str) -> None:
    """Refuse a word that cannot be a region of a vendor with known codes: such a filter would hide everything."""
    for region in regions:
        like = any(fnmatchcase(region.casefold(), glob) for glob in named.regions)
        if named.regions and not like and not _WILDCARDS.search(region):
            raise ConfigError(
                f"{visible(region)} is not the code of a region of {preset_id}, as us-east-1 is; "
                f"write a service after a slash, as in {preset_id}/ec2"
            )


def _globs(components: Sequence[str], named: Scopes) -> tuple[str, ...]:
    """Return globs on the names that the page shows, with those that concern every choice."""
    if not components:
        return ()
    globs = [
        component if _WILDCARDS.search(component) else named.services.get(component.casefold(), f"*{component}*")
        for component in components
    ]
    return (*dict.fromkeys(globs), *named.umbrella)
