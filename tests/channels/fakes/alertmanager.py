"""Debian's Alertmanager itself, between a door that can fail and a receiver that sees what on-call people would."""

import http.client
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

from tests.channels.fakes.service import Answered, Asked, FakeService, Shown
from tracker.alerting.channel import Message, Operation

PROGRAM = "prometheus-alertmanager"
_PATIENCE_S = 60.0
_CONFIG = """\
route:
  receiver: oncall
  group_by: [provider, incident]
  group_wait: 10ms
  group_interval: 100ms
  repeat_interval: 1h
receivers:
  - name: oncall
    webhook_configs:
      - url: {url}
        send_resolved: true
"""


class _Oncall(FakeService):
    """Keeps what receivers are sent."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[dict[str, Any]] = []
        self.came = threading.Condition()

    def carry_out(self, asked: Asked) -> Answered:
        with self.came:
            self.notes.append(asked.json)
            self.came.notify_all()
        return Answered(200, {})


class RealAlertmanager(FakeService):
    """The door: it passes every request on, unless a test lets it fail."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__()
        self._folder = folder
        self._port = port
        self._oncall = _Oncall()

    def __enter__(self) -> Self:
        super().__enter__()
        self._oncall.__enter__()
        (self._folder / "alertmanager.yml").write_text(_CONFIG.format(url=self._oncall.url))
        self._start()
        return self

    def lose_everything(self) -> None:
        """Kill it, take its storage away, and start it again."""
        self._process.kill()
        self._stop()
        shutil.rmtree(self._folder / "data", ignore_errors=True)
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [
                PROGRAM,
                f"--config.file={self._folder / 'alertmanager.yml'}",
                f"--storage.path={self._folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self._port}",
                "--cluster.listen-address=",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr
        for line in self._process.stderr:
            if "Listening on" in line or "TLS is disabled" in line:
                break
        self._drain = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._drain.start()

    def _stop(self) -> None:
        self._process.wait(30)
        self._drain.join(10)
        assert self._process.stderr
        self._process.stderr.close()

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._stop()
        self._oncall.__exit__(*error)
        super().__exit__(*error)

    def carry_out(self, asked: Asked) -> Answered:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_S)
        try:
            connection.request(asked.method, asked.path, asked.body, {"Content-Type": asked.headers["content-type"]})
            answer = connection.getresponse()
            return Answered(answer.status, answer.read().decode())
        finally:
            connection.close()

    def settle(self, sent: Message) -> None:
        expected = "resolved" if sent.act is Operation.CLOSE else "firing"

        def is_there() -> bool:
            notes = [note for note in self._oncall.notes if note["groupLabels"]["incident"] == sent.key]
            if not notes or notes[-1]["status"] != expected:
                return False
            # What ends has the severity that was reported last, which may be an earlier one.
            return expected == "resolved" or any(
                alert["status"] == expected and alert["labels"]["severity"] == sent.severity
                for alert in notes[-1]["alerts"]
            )

        with self._oncall.came:
            assert self._oncall.came.wait_for(is_there, _PATIENCE_S), f"not {expected}: {self._oncall.notes}"

    def forget_notes(self) -> None:
        with self._oncall.came:
            self._oncall.notes.clear()

    def shown(self) -> list[Shown]:
        groups: dict[str, Shown] = {}
        for note in self._oncall.notes:
            key = note["groupLabels"]["incident"]
            group = groups.setdefault(key, Shown(key, is_open=False, opened=0))
            is_open = note["status"] == "firing"
            group.opened += is_open and not group.is_open
            group.closed += group.is_open and not is_open
            group.is_open = is_open
            newest = max(note["alerts"], key=lambda alert: alert["startsAt"])
            group.texts.append(newest["annotations"].get("description", ""))
        return list(groups.values())
