"""``orchestrator run`` as a process: it gets ready, ends when asked, and survives kills."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

from orchestrator.cli.workers import Worker, supervise

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.integration.cli.conftest import Shell


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Leave no process behind, whatever the test finds."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """Read the log until it says `event`."""
    assert process.stderr is not None
    for line in process.stderr:
        told = json.loads(line)
        if told["event"] == event:
            return dict(told)
    raise AssertionError(f"the process ended without saying {event}")


def test_the_daemon_becomes_ready_and_ends_when_asked(applied: Shell) -> None:
    """What a container platform does with every process, all day."""
    with ended(applied.start("run")) as daemon:
        port = next_line(daemon, "http_listening")["port"]
        next_line(daemon, "rulebook_loaded")
        with urlopen(f"http://127.0.0.1:{port}/ready") as answer:
            ready = json.load(answer)
        assert ready["ready"]
        assert ready["rulebook"]["revision"]

        daemon.send_signal(signal.SIGTERM)
        assert next_line(daemon, "stopped")["role"] == "daemon"
        assert daemon.wait(timeout=20) == 0


def test_a_killed_worker_is_started_again(applied: Shell) -> None:
    """One process that dies must not halve the installation until somebody notices."""
    with ended(applied.start("run", "--workers", "2")) as supervisor:
        first = next_line(supervisor, "worker_started")
        next_line(supervisor, "worker_started")
        os.kill(first["pid"], signal.SIGKILL)

        assert next_line(supervisor, "worker_lost")["signal"] == "SIGKILL"
        again = next_line(supervisor, "worker_started")
        assert again["worker"] == first["worker"]
        assert again["pid"] != first["pid"]

        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(timeout=30) == 0


async def test_a_worker_that_gives_up_ends_them_all() -> None:
    """It has said why, and a restart would only say it again and again."""
    waits = "import signal, sys; signal.signal(15, lambda *_: sys.exit(0)); signal.pause()"
    script = f"import os\nif os.environ['FATE'] == 'gives up': raise SystemExit(7)\n{waits}"
    workers = [Worker(0, {"FATE": "waits"}), Worker(1, {"FATE": "gives up"})]
    async with asyncio.timeout(20):
        assert await supervise(workers, [sys.executable, "-c", script]) == 7


@pytest.mark.parametrize("name", ["run", "consumers run notify"])
def test_a_port_that_is_taken_ends_the_process_with_one_line(name: str, applied: Shell) -> None:
    """The second daemon on a machine is the commonest mistake with a port."""
    with ended(applied.start("run")) as first:
        port = str(next_line(first, "http_listening")["port"])
        applied.environment["ORCHESTRATOR_HTTP_PORT"] = port
        try:
            second = applied.run(*name.split())
        finally:
            applied.environment["ORCHESTRATOR_HTTP_PORT"] = "0"
        assert second.returncode == 1
        assert f"cannot listen on 127.0.0.1:{port}" in second.stderr.splitlines()[-1]
        assert "Traceback" not in second.stderr
