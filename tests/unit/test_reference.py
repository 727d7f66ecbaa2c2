"""The reference of variables and keys is made from the code, and is current."""

import re
from pathlib import Path

import pytest

from tracker.catalogue.file import TABLES
from tracker.cli import reference as made
from tracker.cli.reference import reference
from tracker.environment.settings import Settings
from tracker.environment.variables import INTERNAL, VARIABLES

ROOT = Path(__file__).parents[2]


def test_the_page_is_current() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")

    assert page == reference(), "run `tracker config reference > docs/reference.md`"


def test_every_variable_that_the_code_names_is_in_the_table_and_no_other() -> None:
    sources = [path for folder in ("tracker", "workers") for path in (ROOT / folder).rglob("*.py")]
    sources.append(ROOT / "docker-compose.yml")
    texts = [path.read_text(encoding="utf-8") for path in sources if path.name != "variables.py"]
    named = {name.removesuffix("_FILE") for text in texts for name in re.findall(r"TRACKER_[A-Z][A-Z_]+", text)}
    # Two of them end so: they name a file, and no file that holds a value.
    named = {f"{name}_FILE" if f"{name}_FILE" in _declared() else name for name in named}

    assert {name for name in _declared() if name.startswith("TRACKER_")} == named - set(INTERNAL)


def _declared() -> set[str]:
    return {variable.name for variable in VARIABLES}


def test_every_table_of_the_file_is_on_the_page() -> None:
    assert {schema.kind for schema, _ in made.TABLES} == set(TABLES) - {"defaults"}


@pytest.mark.parametrize("name", ["REDIS_URL", "REDIS_PASSWORD", "REDIS_USERNAME", "HTTPS_PROXY"])
def test_what_may_be_a_file_is_read_from_one(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("redis://h.example:1/0" if name == "REDIS_URL" else "http://value.example:3128")
    (variable,) = (each for each in VARIABLES if each.name == name)
    with_file = Settings.from_environment({f"{name}_FILE": str(file)})

    assert variable.has_file
    assert repr(with_file.redis_url) + repr(with_file.proxies) != repr(Settings().redis_url) + repr(Settings().proxies)
