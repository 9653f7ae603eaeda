"""Somebody at a desk: command lines and a daemon of their own, and what came of a case."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from orchestrator.cli.main import run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    import pytest

    from tests.integration.cli.conftest import Shell

FILES = Path(__file__).parent / "desk"
PATIENCE_SECONDS = 40


@dataclass(frozen=True)
class Done:
    """What a command line left behind, named as by ``subprocess``."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Desk:
    """Runs command lines in this process: there are many, and starting one takes a second."""

    shell: Shell
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Done:
        code = run(list(arguments))
        return Done(code, *self.capsys.readouterr())


def seated(
    shell: Shell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    for name, value in shell.environment.items():
        monkeypatch.setenv(name, value)
    return Desk(shell, capsys)


def furnished(shell: Shell, folder: Path) -> Shell:
    """Give a shell the schemas and workflows of `FILES`, and a port of its own."""
    settings = {"ORCHESTRATOR_HTTP_PORT": str(free_port())}
    for kind in ("rules", "schemas"):
        (folder / kind).mkdir()
        name = "workflows" if kind == "rules" else kind
        (folder / kind / "office.yaml").write_text((FILES / f"{name}.yaml").read_text())
        settings[f"ORCHESTRATOR_{kind.upper()}"] = str(folder / kind)
    return replace(shell, environment=shell.environment | settings, folder=folder)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def daemon(shell: Shell) -> Iterator[subprocess.Popen[str]]:
    """Run a daemon until it has its rules, and kill it in the end."""
    with shell.start("run") as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if json.loads(line)["event"] == "rulebook_loaded":
                    break
            # Somebody must read what it says, or it stops once the pipe is full.
            drain = threading.Thread(target=deque(maxlen=0).extend, args=(process.stderr,))
            drain.start()
            yield process
        finally:
            process.kill()
    drain.join()


def told(office: Desk, *arguments: str) -> Any:
    """Run a command line with ``--json`` and return what it says."""
    done = office.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def look(office: Desk, key: str) -> dict[str, Any]:
    """Return an instance as it is now."""
    shown: dict[str, Any] = told(office, "instances", "show", key)[0]
    return shown


def until(office: Desk, key: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Look at an instance until something holds of it."""
    end = monotonic() + PATIENCE_SECONDS
    while monotonic() < end:
        if holds(shown := look(office, key)):
            return shown
    raise AssertionError(f"it never came to that: {shown}")


def step(shown: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next((s for s in shown["steps"] if s["name"] == name), {})
    return found


def begin(office: Desk, workflow: str, key: str, *, answered: bool = True) -> None:
    """Start an instance and, if asked to, let its review be answered."""
    assert office.run("workflows", "start", workflow, "{}", "--key", key).stdout == f"{key}\n"
    until_open(office, key)
    if answered:
        answer(office, key)


def answer(office: Desk, key: str) -> None:
    assert office.run("publish", "Answered", '{"fee": 7}', "--key", key).returncode == 0
    until(office, key, lambda shown: step(shown, "review")["status"] == "completed")


def until_open(office: Desk, key: str) -> None:
    end = monotonic() + PATIENCE_SECONDS
    while office.run("instances", "show", key).returncode != 0:
        assert monotonic() < end, f"{key} never began"
