"""Lists of vendors that people have -> addresses and names: by line, in CSV, in Backstage's YAML, in Terraform.

Only what a list of vendors needs is read of YAML and HCL: keys at the beginning of a line, items of lists, and strings.
What is not understood names nothing, so that it ends among what could not be matched or is not there at all.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Final

from tracker.errors import ConfigError

#: Columns of CSV that hold a vendor's name and its page, the most telling first; in lower case. No other service
#: documents those of its exports (StatusGator's and IsDown's help was searched), so that any of these is taken,
#: whatever stands between its words.
_NAMES: Final = (
    "service",
    "service name",
    "vendor",
    "provider",
    "component",
    "monitor",
    "monitor name",
    "name",
    "display name",
    "title",
)
_PAGES: Final = ("status page", "status page url", "status url", "page", "page url", "url")
_WORDS: Final = re.compile(r"[^\W_]+")
_MOST: Final = 10_000
#: Kinds of Backstage's catalogue that are none of a vendor's.
_OTHER_KINDS: Final = frozenset({"location", "group", "user", "system", "domain", "template"})
_YAML_KEY: Final = re.compile(r"(?P<indent> *)(?P<item>- +)?(?P<key>[\w.-]+): *(?P<value>.*)")
_YAML_ITEM: Final = re.compile(r" *- +(?P<value>[^:{\[\s][^:]*|https?://\S+)")
_HCL_STRING: Final = re.compile(r'(?:(?P<key>\w+)\s*=\s*|(?P<list>[\[,])\s*)"(?P<value>[^"\\\n]{1,300})"')
_HCL_KEYS: Final = frozenset({"name", "vendor", "service", "provider", "url", "status_page"})
_COMMENT: Final = re.compile(r"(?:^|\s)(?:#|//)[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page that a list asks for: by name, by address, or both ("" for what it does not say)."""

    name: str = ""
    url: str = ""


def wanted(data: bytes, *, file: str) -> tuple[Wanted, ...]:
    """Return the entries of a list, in its order; `file` is its name in messages. Raises ConfigError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8; save the file in that encoding") from None
    found = list(dict.fromkeys(_reader(file, text)(text)))
    if len(found) > _MOST:
        raise ConfigError(f"{file}: names more than {_MOST} pages; split it")
    return tuple(found)


def _reader(file: str, text: str) -> Callable[[str], Iterator[Wanted]]:
    """Return the reader of a list: by its file's name, else by what its lines look like."""
    suffix = file.rpartition(".")[2].lower()
    if suffix in ("yaml", "yml"):
        return _yaml
    if suffix in ("tf", "tfvars", "hcl"):
        return _terraform
    first = next((line for line in text.splitlines() if line.strip()), "")
    is_table = any(mark in first for mark in ",;\t") and not first.lstrip().startswith(("http://", "https://"))
    return _table if suffix == "csv" or is_table else _lines


def _lines(text: str) -> Iterator[Wanted]:
    for line in text.splitlines():
        word = line.partition(" #")[0].strip()
        if word and not word.startswith("#"):
            yield _of_word(word)


def _table(text: str) -> Iterator[Wanted]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(StringIO(text), delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error:
        return
    head = [" ".join(_WORDS.findall(cell.casefold())) for cell in rows[0]] if rows else []
    name, page = _column(head, _NAMES), _column(head, _PAGES)
    has_head = name is not None or page is not None
    for row in rows[1:] if has_head else rows:
        url = _cell(row, page)
        word = _cell(row, name if has_head else 0)
        if word or url:
            yield Wanted(name=word, url=url) if url else _of_word(word)


def _yaml(text: str) -> Iterator[Wanted]:
    for document in re.split(r"^---[^\n]*$", text, flags=re.MULTILINE):
        kinds = {found["value"].strip().lower() for found in _keys(document) if found["key"] == "kind"}
        if not kinds:
            yield from (
                _of_word(_unquoted(item["value"])) for item in map(_YAML_ITEM.fullmatch, _bare(document)) if item
            )
            yield from (
                _of_word(_unquoted(found["value"])) for found in _keys(document) if found["key"] in ("name", "url")
            )
        elif not kinds & _OTHER_KINDS:
            yield from _entity(document)


def _entity(document: str) -> Iterator[Wanted]:
    """Yield what an entity of Backstage's is: its title, else its name, as `metadata` has them."""
    within = False
    found: dict[str, str] = {}
    for key in _keys(document):
        if not key["indent"] and not key["item"]:
            within = key["key"] == "metadata"
        elif within and not key["item"] and key["key"] in ("name", "title"):
            found.setdefault(key["key"], _unquoted(key["value"]))
    name = found.get("title") or found.get("name")
    if name:
        yield Wanted(name=name)


def _terraform(text: str) -> Iterator[Wanted]:
    for found in _HCL_STRING.finditer(_COMMENT.sub("\n", text)):
        if found["list"] or found["key"].lower() in _HCL_KEYS:
            yield _of_word(found["value"].strip())


def _keys(document: str) -> Iterator[re.Match[str]]:
    for line in _bare(document):
        found = _YAML_KEY.fullmatch(line)
        if found:
            yield found


def _bare(document: str) -> Iterator[str]:
    """Yield lines without comments."""
    for line in document.splitlines():
        bare = re.sub(r"(?:^|\s)#.*", "", line).rstrip()
        if bare:
            yield bare


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if value[:1] in ("'", '"') and value.endswith(value[0]) and len(value) > 1 else value


def _of_word(word: str) -> Wanted:
    return Wanted(url=word) if "://" in word else Wanted(name=word)


def _column(head: list[str], known: tuple[str, ...]) -> int | None:
    return next((head.index(name) for name in known if name in head), None)


def _cell(row: list[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""
