"""Pages that are followed at a terminal: each block is run, and its output compared."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import signal
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from orchestrator.local import Services

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PATIENCE_SECONDS = 60
DAEMON = "http://127.0.0.1:8080"
"""Where pages say that the daemon answers; it does so elsewhere if that port is taken."""


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        title: its heading.
        blocks: of commands, each with the output that follows it in the text, if any.
    """

    title: str
    blocks: Sequence[tuple[str, str]]


@asynccontextmanager
async def _alone() -> AsyncIterator[None]:
    """Let one page begin at a time: two that look for free ports together find the same."""
    with (Path(tempfile.gettempdir()) / "orchestrator-pages.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield


class Everything:
    """What runs in the first terminal, in a folder as a fresh clone has it."""

    def __init__(
        self, folder: Path, process: asyncio.subprocess.Process, environ: dict[str, str]
    ) -> None:
        self.folder = folder
        self.process = process
        self.daemon = DAEMON
        self._environ = environ

    @classmethod
    @asynccontextmanager
    async def up(cls, services: Services, folder: Path) -> AsyncIterator[Everything]:
        """Run everything for the time of the block; it must end in order."""
        for name in ("examples", "rules", "schemas"):
            shutil.copytree(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(sys.prefix)
        path = f"{folder / '.venv/bin'}:{os.environ['PATH']}"
        environ = os.environ | services.environ | {"PATH": path}
        async with _alone():
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "examples/run_all.py"),
                cwd=folder,
                env=environ,
                stdout=asyncio.subprocess.PIPE,
            )
            everything = cls(folder, process, environ)
            try:
                await everything.says("everything is up")
            except BaseException:
                process.terminate()
                raise
        try:
            address = await everything.says(r"daemon +(http://\S+)/ready")
            everything.daemon = address.group(1)
            yield everything
        finally:
            process.send_signal(signal.SIGINT)
            await process.communicate()
        assert process.returncode == 0

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait until the first terminal says something."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self.process.stdout:
                found = re.search(pattern, line.decode())
                if found is not None:
                    return found
        pytest.fail(f"the first terminal has ended without saying {pattern!r}")

    async def follow(self, section: Section) -> None:
        """Do what a section of a page says, block by block."""
        if any("curl " in block for block, _ in section.blocks) and not shutil.which("curl"):
            pytest.skip("curl is not installed, which this section is about")
        for block, wanted in section.blocks:
            commands = block.replace(DAEMON, self.daemon)
            if wanted:
                await self._shows(commands, wanted)
            else:
                code, printed = await self._run(commands)
                assert (code, "error" in printed) == (0, False), f"{commands}{printed}"
            if re.search(r"(> |mv |sed .*)rules/", commands):
                await self.says("rulebook_")

    async def _run(self, commands: str) -> tuple[int | None, str]:
        """Run a block as a person would who stops at an error: how it ended, what it printed."""
        process = await asyncio.create_subprocess_exec(
            *("bash", "-e", "-c", commands),
            cwd=self.folder,
            env=self._environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        return process.returncode, printed.decode()

    async def _shows(self, commands: str, wanted: str) -> None:
        """Run a block that only looks until it shows what the page says: effects take a moment."""
        printed, missing = "", _words(wanted)
        assert missing, f"nothing in what {commands}shows can be compared"
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while missing:
                    _, printed = await self._run(commands)
                    missing = _words(wanted) - _words(printed)
        except TimeoutError:
            pytest.fail(f"{commands}does not show {missing}, but\n{printed}")


def follows(page: str) -> pytest.MarkDecorator:
    """Run a test with each part of a page in docs/ that has commands, in order."""
    found = _sections(DOCS / page)
    assert found, f"{page} has no commands"
    return pytest.mark.parametrize("section", found, ids=lambda section: section.title)


def _sections(page: Path) -> list[Section]:
    parts = re.split(r"^#+ (?=.*$)", page.read_text(), flags=re.MULTILINE)
    found = [Section(part.partition("\n")[0], list(_blocks(part))) for part in parts]
    return [section for section in found if section.blocks]


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    found = re.findall(r"^```(sh|text)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    for (kind, commands), (next_kind, output) in pairwise([*found, ("", "")]):
        if kind == "sh":
            yield commands, output if next_kind == "text" else ""


def _words(output: str) -> set[str]:
    """What must be in an output: ids, times, and how lines are drawn, differ; counts do not.

    The line of a file below a problem is left out: it is shown on a terminal only. How many rules
    there are is a matter of tests/unit/test_samples_page.py, which takes less time to say so.
    """
    shown = re.sub(r"^ +(\d+ )?│ .*$", "", output, flags=re.MULTILINE)
    counts = set(re.findall(r"\b\d+ (?:messages|passed|failed|errors?)\b", shown))
    return counts | {word for word in re.findall(r"[A-Za-z_.-]{4,}", shown) if word.strip("._-")}
