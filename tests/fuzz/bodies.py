"""What broken answers are made of: real ones where they are at hand, else those of the project's own making."""

import json
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

CORPUS: Final = Path(__file__).resolve().parents[3] / "shared" / "corpus"
GOLDEN: Final = Path(__file__).resolve().parents[1] / "golden" / "parse"
_BYTE_ORDER_MARKS: Final = (b"\xfe\xff", b"\xff\xfe")
_SUFFIXES: Final = {".json", ".atom", ".rss", ".xml", ".html"}
#: Of the lists in an answer, so many entries are kept, so that most cases are small and quick.
_KEPT: Final = 4
#: How often an answer is left as long as it is.
_WHOLE: Final = 0.02
#: Longer answers are only used in parts.
_MOST_BYTES: Final = 128 * 1024

_ENTRY: Final = re.compile(r"<(?P<tag>entry|item)\b.*?</(?P=tag)>\s*", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, taken apart."""

    head: str
    entries: tuple[str, ...]
    tail: str

    def some(self, chance: random.Random) -> str:
        """Return the feed with a few of its entries, or all of them now and then."""
        return f"{self.head}{''.join(_some(self.entries, chance))}{self.tail}"


@dataclass(frozen=True, slots=True)
class Bodies:
    """Answers in the shapes in which they are broken."""

    raw: tuple[bytes, ...]
    documents: tuple[Any, ...]
    feeds: tuple[Feed, ...]
    #: The project's own answers by their format.
    of_format: Mapping[str, "Bodies"] = field(default_factory=dict)

    def document(self, chance: random.Random) -> Any:
        """Return a copy of a JSON answer with a few entries of each of its lists."""
        return _trimmed(chance.choice(self.documents), chance, whole=chance.random() < _WHOLE)

    def feed(self, chance: random.Random) -> str:
        """Return a feed with a few of its entries."""
        return chance.choice(self.feeds).some(chance)

    def body(self, chance: random.Random, *, of_feed: bool) -> bytes:
        """Return an answer as it came, as far as it is not too long, or a trimmed one."""
        if chance.random() < _WHOLE:
            return chance.choice(self.raw)
        return self.feed(chance).encode() if of_feed else json.dumps(self.document(chance)).encode()


def load() -> Bodies:
    """Read the recorded answers where they lie beside this checkout, and the golden ones in any case."""
    return _with_formats(path for root in (CORPUS, GOLDEN) if root.is_dir() for path in root.glob("*/*"))


def golden() -> Bodies:
    """Read the project's own answers."""
    return _with_formats(GOLDEN.glob("*/*"))


def _with_formats(files: Iterable[Path]) -> Bodies:
    of_format = {folder.name: _bodies(_answers(folder.glob("*"))) for folder in GOLDEN.iterdir()}
    return replace(_bodies(_answers(files)), of_format=of_format)


def _answers(files: Iterable[Path]) -> list[bytes]:
    return [path.read_bytes() for path in sorted(files) if path.suffix in _SUFFIXES and ".expected" not in path.name]


def _bodies(answers: Iterable[bytes]) -> Bodies:
    raw, documents, feeds = [], [], []
    for answer in answers:
        if len(answer) <= _MOST_BYTES:
            raw.append(answer)
        encoding = json.detect_encoding(answer) if answer.startswith(_BYTE_ORDER_MARKS) else "utf-8"
        text = answer.decode(encoding, errors="replace")
        try:
            documents.append(json.loads(text))
        except ValueError:
            feeds.append(_feed(text))
    return Bodies(tuple(raw), tuple(documents), tuple(feeds))


def _feed(text: str) -> Feed:
    found = list(_ENTRY.finditer(text))
    if not found:
        return Feed(text[:_MOST_BYTES], (), "")
    entries = tuple(entry[0] for entry in found)
    return Feed(text[: found[0].start()], entries, text[found[-1].end() :])


def _trimmed(node: Any, chance: random.Random, *, whole: bool) -> Any:
    if isinstance(node, dict):
        return {key: _trimmed(value, chance, whole=whole) for key, value in node.items()}
    if isinstance(node, list):
        kept = node if whole else _some(node, chance)
        return [_trimmed(item, chance, whole=whole) for item in kept]
    return node


def _some(items: Any, chance: random.Random) -> list[Any]:
    if len(items) <= _KEPT or chance.random() < _WHOLE:
        return list(items)
    return chance.sample(items, _KEPT)
