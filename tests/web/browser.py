"""A real browser, and the accessibility checker that runs in it; both are skipped with a reason where they lack."""

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE: Final = "axe-core@4.14.1"
#: Where the checker is kept between runs.
AXE_FOLDER: Final = Path(os.environ.get("AXE_CORE_DIR", "~/.cache/axe-core")).expanduser()
_CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
_NPM_S: Final = 120


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start the machine's Chromium; skip where there is none."""
    path = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if path is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--font-render-hinting=none"])
        yield browser
        browser.close()


def axe_source() -> str:
    """Return the checker's script; skip where it can neither be found nor fetched."""
    archive = AXE_FOLDER / f"{AXE.replace('@', '-')}.tgz"
    if not archive.exists():
        _fetch_axe()
    with tarfile.open(archive) as packed:
        member = packed.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode()


def _fetch_axe() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"{AXE} is not in {AXE_FOLDER}, and there is no npm to fetch it with")
    AXE_FOLDER.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", AXE, "--pack-destination", str(AXE_FOLDER)]
    fetched = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_NPM_S)
    if fetched.returncode:
        pytest.skip(f"{AXE} cannot be fetched: {fetched.stderr.strip()[-200:]}")


def serious_violations(page: Page, source: str) -> list[str]:
    """Return what is serious or worse on a page, a sentence each."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(source)
    found: Any = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{page.url}: {each['id']}: {each['help']}: {json.dumps([node['html'][:160] for node in each['nodes'][:3]])}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
