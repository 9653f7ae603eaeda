from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.local import Services

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(120)  # several processes start, on whatever machine
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorials" / "first-steps.md"
CLAIM_CHECK = DOCS / "how-to" / "pass-large-documents.md"  # goes on where the tutorial ends
PATIENCE_SECONDS = 30


def blocks() -> Iterator[tuple[str, str]]:
    """Each block of commands, with the output that follows it in the text, if any."""
    text = TUTORIAL.read_text() + CLAIM_CHECK.read_text()
    found = re.findall(r"^```(sh|text)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    for (kind, commands), (next_kind, output) in zip(found, [*found[1:], ("", "")], strict=True):
        if kind == "sh":
            yield commands, output if next_kind == "text" else ""


def words(output: str) -> set[str]:
    """What must be in an output: ids, times, and how lines are drawn, differ."""
    return {word for word in re.findall(r"[A-Za-z_.-]{4,}", output) if word.strip("._-")}


async def run(commands: str, folder: Path) -> str:
    """Run a block as a person would, and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", commands),
        cwd=folder,
        env=os.environ | {"PATH": f"{folder / '.venv/bin'}:{os.environ['PATH']}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return printed.decode()


async def shows(commands: str, folder: Path, wanted: str) -> None:
    """Run a block that only looks, until it shows what the tutorial says: effects take a moment."""
    missing = words(wanted)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while missing:
                missing = words(wanted) - words(await run(commands, folder))
    except TimeoutError:
        pytest.fail(f"{commands}does not show {missing}")


async def heard(everything: asyncio.subprocess.Process, saying: bytes) -> None:
    """Wait until what runs in the first terminal says something."""
    assert everything.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for line in everything.stdout:
            if saying in line:
                return
    pytest.fail(f"the first terminal has ended without saying {saying!r}")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder as a fresh clone has it, for rules to be changed in."""
    for name in ("examples", "rules", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


async def test_every_command_does_what_the_text_says(
    own_services: Services, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever begins here must not stumble: each block is run, and its output compared."""
    for variable, url in own_services.environ.items():
        monkeypatch.setenv(variable, url)
    everything = await asyncio.create_subprocess_exec(
        *(sys.executable, "examples/run_all.py"), cwd=clone, stdout=asyncio.subprocess.PIPE
    )
    try:
        await heard(everything, b"everything is up")
        for commands, wanted in blocks():
            if wanted:
                await shows(commands, clone, wanted)
            else:
                complaint = await run(commands, clone)
                assert "error" not in complaint
            if re.search(r"(> |mv |sed .*)rules/", commands):
                await heard(everything, b"rulebook_")
    finally:
        everything.send_signal(signal.SIGINT)
        await everything.communicate()
    assert everything.returncode == 0
