"""What goes into the image, as far as its files say it; `tests/compose` builds and runs it."""

import tomllib

from tests.deploy.manifests import ROOT


def test_all_that_the_package_is_made_of_goes_into_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = [pattern.removesuffix("*") for pattern in project["packages"]["find"]["include"]]
    modules = [f"{module}.py" for module in project["py-modules"]]
    lists = [name for key in ("dependencies", "optional-dependencies") for name in _files(project["dynamic"][key])]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert {f"!{name}" for name in (*packages, *modules, *lists, "pyproject.toml", "README.md", "LICENSE")} <= set(
        ignored
    )


def _files(part: object) -> list[str]:
    """Return the files that a part of the metadata is read from."""
    if not isinstance(part, dict):
        return []
    return [*part.get("file", ()), *(name for value in part.values() for name in _files(value))]


def test_the_lock_has_what_the_image_is_built_with() -> None:
    """The build reaches no index, so that setuptools comes from the lock as well."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "\nsetuptools==" in lock
    extras = {f"requirements-{name}.txt" for name in ("mcp", "notify", "postgres", "web")}
    assert extras <= set(lock.splitlines()[1].split())
