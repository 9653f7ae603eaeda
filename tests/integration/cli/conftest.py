"""An installation of its own for command lines that run as real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

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
def shell(amqp_url: str, redis_url: str, unique: str, tmp_path: Path) -> Shell:
    """A shell in an installation nobody else uses, with nothing declared yet."""
    return _shell(amqp_url, redis_url, unique, tmp_path)


@pytest.fixture(scope="module")
def applied(amqp_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell in an installation with its topology, shared by tests that use keys of their own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    shell = _shell(amqp_url, redis_url, name, tmp_path_factory.mktemp("applied"))
    assert shell.run("apply").returncode == 0
    return shell


def _shell(amqp_url: str, redis_url: str, name: str, folder: Path) -> Shell:
    for part in ("rules", "schemas"):
        (folder / part).symlink_to(ROOT / part)
    settings = {
        "AMQP_URL": amqp_url,
        "REDIS_URL": redis_url,
        "EXCHANGE": name,
        "QUEUE": f"{name}.orchestrator",
        "RETRY_PREFIX": f"{name}.retry",
        "SERVICE_PREFIX": f"{name}.",
        "NAMESPACE": name,
        "HTTP_PORT": "0",
    }
    return Shell(
        environment={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            **{f"ORCHESTRATOR_{name}": value for name, value in settings.items()},
        },
        folder=folder,
    )
