"""An installation of its own for command lines that run as real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.cli.queues import installed_topologies
from orchestrator.settings import Settings
from orchestrator.topology import topology
from tests.integration.cli.office import Desk, daemon, furnished, seated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "orchestrator")


@dataclass(frozen=True)
class Shell:
    """Runs command lines against one installation.

    Attributes:
        environment: the settings of the installation.
        folder: where they run.
    """

    environment: dict[str, str]
    folder: Path

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``orchestrator`` with `arguments` and `given` on standard input, to its end."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment,
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``orchestrator`` with `arguments`; whoever starts it ends it."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
async def shell(amqp_url: str, redis_url: str, unique: str, tmp_path: Path) -> AsyncIterator[Shell]:
    """A shell in an installation nobody else uses, with nothing declared yet."""
    async with _installation(amqp_url, redis_url, unique, tmp_path) as shell:
        yield shell


@pytest.fixture(scope="session")
async def applied(
    amqp_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shell]:
    """A shell in an installation with its topology, shared by tests that use keys of their own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    folder = tmp_path_factory.mktemp("applied")
    async with _installation(amqp_url, redis_url, name, folder) as shell:
        assert shell.run("apply").returncode == 0
        yield shell


@pytest.fixture(scope="module")
def installed(applied: Shell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A daemon that runs the workflows of `desk`, shared: tests have keys of their own."""
    shell = furnished(applied, tmp_path_factory.mktemp("office"))
    with daemon(shell):
        yield shell


@pytest.fixture
def office(
    installed: Shell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """Somebody who gives orders to the shared daemon."""
    return seated(installed, capsys, monkeypatch)


@pytest.fixture
def apart(
    shell: Shell,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Somebody in an installation of their own, where nothing runs yet."""
    assert shell.run("apply").returncode == 0
    folder = tmp_path / "office"
    folder.mkdir()
    return seated(furnished(shell, folder), capsys, monkeypatch)


@asynccontextmanager
async def _installation(
    amqp_url: str, redis_url: str, name: str, folder: Path
) -> AsyncIterator[Shell]:
    """Make an installation called `name`, and remove its queues: hundreds slow a broker down."""
    for linked in ("rules", "schemas"):
        (folder / linked).symlink_to(ROOT / linked)
    settings = {
        "amqp_url": amqp_url,
        "redis_url": redis_url,
        "exchange": name,
        "queue": f"{name}.orchestrator",
        "retry_prefix": f"{name}.retry",
        "service_prefix": f"{name}.",
        "namespace": name,
        "http_port": "0",
    }
    variables = {f"ORCHESTRATOR_{key.upper()}": value for key, value in settings.items()}
    yield Shell({"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}, folder)
    made = Settings.model_validate(settings)
    async with Administration.connect(amqp_url) as administration:
        for part in (*installed_topologies(made), topology(made)):
            await administration.delete(part)
