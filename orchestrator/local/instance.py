"""Starts, kills and stops one server process. Knows nothing of which server it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_POLL_SECONDS = 0.05
_STOP_SECONDS = 30.0
_KILL_SECONDS = 10.0

# The kernel ends a child when the *thread* that started it is gone, so one thread starts them all.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to run one server.

    Attributes:
        name: for messages.
        argv: the program, staying in the foreground, and its arguments.
        environ: its whole environment.
        log: the file that takes its output.
        is_ready: whether it serves.
        ready_seconds: how long it may take until then.
        kill_argv: the command that kills it at once, where a signal to the process does not.
        discard_argv: the command that deletes its data, where they are not beside the log.
    """

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    is_ready: Callable[[], bool]
    ready_seconds: float = 90.0
    kill_argv: Sequence[str] = ()
    discard_argv: Sequence[str] = ()


@dataclass(slots=True)
class Instance:
    """A server of our own. It ends with this process, even if this process is killed."""

    recipe: Recipe
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it and return when it serves.

        Raises:
            Unavailable: it ended instead, or took too long.
        """
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it and return at once. Does nothing if it runs."""
        if self.pid is None:
            self._process = _spawner.submit(_spawn, self.recipe).result()

    def wait_until_ready(self) -> None:
        """Return when it serves.

        Raises:
            Unavailable: it ended instead, or took too long; the text has the end of its log.
        """
        deadline = time.monotonic() + self.recipe.ready_seconds
        while not self.recipe.is_ready():
            if self.pid is None:
                raise Unavailable(
                    f"{self.recipe.name} ended while it started: {self._last_words()}"
                )
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{self.recipe.name} does not serve after {self.recipe.ready_seconds:.0f} s: "
                    f"{self._last_words()}"
                )
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Ask it to end in order, and kill it if it has not done so after 30 s."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would; what it had not written is gone."""
        if self._process is None:
            return
        if self.recipe.kill_argv:
            subprocess.run(self.recipe.kill_argv, capture_output=True, check=False)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=_KILL_SECONDS)
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Stop it in order and start it again on the same port and data."""
        self.stop()
        self.start()

    def discard(self) -> None:
        """Kill it and forget its data."""
        self.kill()
        if self.recipe.discard_argv:
            subprocess.run(self.recipe.discard_argv, capture_output=True, check=False)

    def _last_words(self) -> str:
        lines = self.recipe.log.read_text(errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return " | ".join(said[-3:]) or "it said nothing"


def _spawn(recipe: Recipe) -> subprocess.Popen[bytes]:
    with recipe.log.open("ab") as log:
        return subprocess.Popen(
            [*tied_to_us(), *recipe.argv],
            env=dict(recipe.environ),
            cwd=recipe.log.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the one who uses the service
        )


def tied_to_us() -> list[str]:
    """Return the prefix that makes the kernel end a child with us; only Linux has it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def plain_environ(home: Path) -> dict[str, str]:
    """Return an environment without anybody's settings, for a server that lives in ``home``."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(home),
    }
