"""Lists of vendors that people have -> addresses and names: by line, in CSV, JSON, Backstage's YAML and Terraform.

Of YAML and HCL, only the parts of a list of vendors are read: keys at the beginning of a line, items of lists, and
strings. Other text names no vendor: it is ignored, or ends among the names that match nothing.
"""

import codecs
import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from itertools import dropwhile
from typing import Any, Final

from tracker.errors import ConfigError

#: Columns of CSV that hold a vendor's name and its page, the clearest first; in lower case. No other service documents
#: the columns of its exports (StatusGator's and IsDown's help was searched), so any of these is taken, with any
#: characters between its words.
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
#: How deep in JSON names and addresses are searched.
_DEEPEST: Final = 6
#: Kinds of Backstage's catalogue that describe no vendor.
_OTHER_KINDS: Final = frozenset({"location", "group", "user", "system", "domain", "template"})
_YAML_KEY: Final = re.compile(r"(?P<indent> *)(?P<item>- +)?(?P<key>[\w.-]+): *(?P<value>.*)")
_YAML_ITEM: Final = re.compile(r" *- +(?P<value>[^:{\[\s][^:]*|https?://\S+)")
_YAML_FLOW: Final = re.compile(r" *- +\{(?P<pairs>[^{}]*)\}")
_YAML_PAIR: Final = re.compile(r"(?<![\w.-])(?P<key>[\w.-]++): *(?P<value>\"[^\"]*\"|'[^']*'|[^,]*),?")
_HCL_STRING: Final = re.compile(r'(?:(?<!\w)(?P<key>\w++)\s*+=\s*|(?P<list>[\[,])\s*)"(?P<value>[^"\\\n]{1,300})"')
_HCL_KEYS: Final = frozenset({"name", "vendor", "service", "provider", "url", "status_page"})
#: A provider that a configuration requires: `source = "hashicorp/aws"`.
_HCL_SOURCE: Final = re.compile(r'\bsource\s*=\s*"(?:[\w.-]{1,100}/){1,2}(?P<name>[\w.-]{1,100})"')
#: What lists put in front of an item: `- `, `* `, `1. `.
_BULLET: Final = re.compile(r"\A(?:[-*+\u2022]|\d{1,5}[.)])[ \t]+")
_LINK: Final = re.compile(r"\[(?P<name>[^\[\]]{1,300})\]\((?P<url>https?://[^\s()]{1,2000})\)")
#: A name, something between, and its page: `GitHub - https://www.githubstatus.com`.
_NAME_AND_PAGE: Final = re.compile(r"(?P<name>[^\s:/][^:/]{0,300}?)[\s,;:|=>\u2013\u2014-]{1,10}(?P<url>https?://\S+)")
#: The line in front of a table by which a spreadsheet names the separator of columns.
_SEPARATOR: Final = re.compile(r"sep=(?P<delimiter>.)")
_COMMENT: Final = re.compile(r"(?:^|\s)(?:#|//)[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page that a list names: by name, by address, or both ("" for the one that is missing)."""

    name: str = ""
    url: str = ""


def wanted(data: bytes, *, file: str) -> tuple[Wanted, ...]:
    """Return the entries of a list, in its order; `file` is its name in messages. Raises ConfigError."""
    found = list(dict.fromkeys(_read(_text(data, file), file)))
    if len(found) > _MOST:
        raise ConfigError(f"{file}: names more than {_MOST} pages; split it")
    return tuple(found)


def _text(data: bytes, file: str) -> str:
    """Return the text of a list, whatever ends its lines. Raises ConfigError."""
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8; save the file in that encoding") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read(text: str, file: str) -> Iterator[Wanted]:
    try:
        yield from _reader(file, text)(text)
    except csv.Error as error:
        raise ConfigError(f"{file}: cannot be read as CSV ({error}); write one name or address per line") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{file}: is not valid JSON; write a list of names or addresses") from None


def _reader(file: str, text: str) -> Callable[[str], Iterator[Wanted]]:
    """Return the reader of a list: by its file's name, else by the shape of its lines."""
    suffix = file.rpartition(".")[2].lower()
    if suffix in ("yaml", "yml"):
        return _yaml
    if suffix in ("tf", "tfvars", "hcl"):
        return _terraform
    if suffix == "json" or text.lstrip().startswith(("[{", '["', "{")):
        return _json
    first = next(filter(_is_said, text.splitlines()), "").lstrip()
    is_table = any(mark in first for mark in ",;\t") and not (first.startswith("[") or "://" in first.split(",")[0])
    return _table if suffix in ("csv", "tsv") or is_table else _lines


def _is_said(line: str) -> bool:
    """Return whether a line is neither blank nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith(("#", "//", "; "))


def _lines(text: str) -> Iterator[Wanted]:
    for line in filter(_is_said, text.splitlines()):
        word = _BULLET.sub("", line.partition(" #")[0].strip(), count=1).strip()
        both = _LINK.search(word) or _NAME_AND_PAGE.fullmatch(word)
        if both:
            yield Wanted(name=both["name"].strip(), url=both["url"])
        elif word:
            yield _of_word(word)


def _table(text: str) -> Iterator[Wanted]:
    lines = list(dropwhile(lambda line: not _is_said(line), text.split("\n")))
    named = _SEPARATOR.fullmatch(lines[0].strip()) if lines else None
    delimiter = named["delimiter"] if named else max(",;\t", key=lines[0].count) if lines else ","
    table = StringIO("\n".join(lines[1:] if named else lines))
    rows = [row for row in csv.reader(table, delimiter=delimiter) if any(map(str.strip, row))]
    head = [" ".join(_WORDS.findall(cell.casefold())) for cell in rows[0]] if rows else []
    name, page = _column(head, _NAMES), _column(head, _PAGES)
    if name is None and page is None:
        yield from _headless(rows)
        return
    for row in rows[1:]:
        url, word = _cell(row, page), _cell(row, name)
        if word or url:
            yield Wanted(name=word, url=url) if url else _of_word(word)


def _headless(rows: list[list[str]]) -> Iterator[Wanted]:
    """Yield the wanted pages of rows without a head: a name and the address in its row; a single row is a list."""
    for row in rows:
        cells = [cell.strip() for cell in row if cell.strip()]
        url = next((cell for cell in cells if "://" in cell), "")
        names = [cell for cell in cells if "://" not in cell]
        if len(rows) == 1:
            yield from map(_of_word, cells)
        else:
            yield Wanted(name=names[0] if names else "", url=url) if url else _of_word(names[0])


def _json(text: str) -> Iterator[Wanted]:
    yield from _of_value(json.loads(text), depth=_DEEPEST)


def _of_value(value: Any, *, depth: int) -> Iterator[Wanted]:
    """Yield the wanted pages of lists of texts, or of objects with a name or an address."""
    if isinstance(value, str) and value.strip():
        yield _of_word(value.strip())
    elif isinstance(value, list):
        for each in value:
            yield from _of_value(each, depth=depth - 1) if depth else ()
    elif isinstance(value, dict):
        said = {" ".join(_WORDS.findall(key.casefold())): text for key, text in value.items() if isinstance(text, str)}
        found = _of_pairs(said)
        if found is not None:
            yield found
        elif depth:
            for each in value.values():
                yield from _of_value(each, depth=depth - 1) if isinstance(each, list | dict) else ()


def _of_pairs(said: Mapping[str, str]) -> Wanted | None:
    """Return the wanted page of an entry with keys, None for one without a name and an address."""
    name = next((said[key].strip() for key in _NAMES if said.get(key)), "")
    url = next((said[key].strip() for key in _PAGES if said.get(key)), "")
    return Wanted(name=name, url=url) if url else _of_word(name) if name else None


def _yaml(text: str) -> Iterator[Wanted]:
    for document in re.split(r"^---[^\n]*$", text, flags=re.MULTILINE):
        kinds = {found["value"].strip().lower() for found in _keys(document) if found["key"] == "kind"}
        if not kinds:
            yield from _yaml_list(document)
        elif not kinds & _OTHER_KINDS:
            yield from _entity(document)


def _yaml_list(document: str) -> Iterator[Wanted]:
    """Yield the items of a list: texts, and objects with a name or an address."""
    said: dict[str, str] = {}
    for line in [*_bare(document), "- {}"]:
        item, flow, key = _YAML_ITEM.fullmatch(line), _YAML_FLOW.fullmatch(line), _YAML_KEY.fullmatch(line)
        if item or flow or (key and key["item"]):
            found, said = _of_pairs(said), {}
            yield from (found,) if found else ()
        if item:
            yield _of_word(_unquoted(item["value"]))
        elif flow:
            said = {pair["key"].lower(): _unquoted(pair["value"]) for pair in _YAML_PAIR.finditer(flow["pairs"])}
        elif key and key["value"]:
            said.setdefault(key["key"].lower().replace("_", " "), _unquoted(key["value"]))


def _entity(document: str) -> Iterator[Wanted]:
    """Yield the wanted page of a Backstage entity, by the title in its `metadata`, else the name there."""
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
    text = _COMMENT.sub("\n", text)
    if "required_providers" in text:
        yield from (_of_word(found["name"]) for found in _HCL_SOURCE.finditer(text))
    for found in _HCL_STRING.finditer(text):
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
