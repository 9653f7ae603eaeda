"""A process that tests start, kill and ask about itself. Knows nothing of what it runs."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parents[2]
READY = "rulebook_loaded"
LISTENING = "http_listening"
WAITING = "service_waiting"
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 40.0


def comes_true(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait for `condition`; tell whether it holds in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def eventually(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as `condition` holds; fail, naming `what`, when it does not in time."""
    if not comes_true(condition, seconds):
        raise AssertionError(f"not within {seconds:g} s: {what}")


class Process:
    """A process that can be killed and started again; its output goes to one file."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self._argv = argv
        self._environ = environ
        self._log = log
        self._start_of_log = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; return at once."""
        with self._log.open("ab") as log:
            self._start_of_log = log.tell()
            self._process = subprocess.Popen(
                list(self._argv), env=dict(self._environ), cwd=ROOT, stdout=log, stderr=log
            )

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process."""
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self.running.kill()
        self.running.wait()

    def terminate(self) -> int:
        """Ask it to finish; return its exit code."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(timeout=PATIENCE_SECONDS)

    def lines(self) -> list[dict[str, Any]]:
        """Return the log of the last start, without a line that is only half written."""
        with self._log.open("rb") as log:
            log.seek(self._start_of_log)
            whole = (line for line in log if line.startswith(b"{") and line.endswith(b"\n"))
            return [json.loads(line) for line in whole]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines called `event`."""
        return [line for line in self.lines() if line["event"] == event]

    def wait_for(self, event: str, times: int = 1) -> dict[str, Any]:
        """Wait until `event` was logged so often; return the last of these lines."""

        def found() -> bool:
            assert self.running.poll() is None, self._log.read_text()
            return len(self.logged(event)) >= times

        eventually(found, f"log line {event}")
        return self.logged(event)[times - 1]

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of an HTTP answer."""
        connection = HTTPConnection("127.0.0.1", self.logged(LISTENING)[-1]["port"], timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def peak_rss_mb(self) -> float:
        """Return the most memory it ever held."""
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
