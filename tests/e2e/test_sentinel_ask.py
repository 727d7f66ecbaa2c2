"""`tracker ask` finds the primary behind sentinels."""

from pathlib import Path

from tests.e2e.running import RunningTracker, provider
from tests.e2e.test_sentinel import PASSWORD, Trio, trio  # noqa: F401  the fixture


def test_a_question_reaches_the_primary(trio: Trio, tmp_path: Path) -> None:  # noqa: F811
    tracker = RunningTracker(provider("acme", "http://127.0.0.1:9"), tmp_path, environ=trio.environ)

    done = tracker.command("ask", "INFO", "replication")

    assert done.returncode == 0, done.stderr
    assert "role\nmaster\n" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
