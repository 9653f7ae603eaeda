"""Installs Debian packages without letting their services start. Knows nothing of the packages."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_POLICY = Path("/usr/sbin/policy-rc.d")
_DENY_STARTS = "#!/bin/sh\nexit 101\n"


def install(packages: Sequence[str]) -> None:
    """Install the packages, telling on stderr what goes on. Waits for other installations.

    Raises:
        Misconfigured: apt failed; the text has its last line.
    """
    print(f"installing {' and '.join(packages)} (once, about a minute) ...", file=sys.stderr)
    with _one_at_a_time(), _services_stay_down():
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *packages)


def _apt(*arguments: str) -> None:
    command = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments)
    print(f"$ {' '.join(command)}", file=sys.stderr)
    done = subprocess.run(
        command,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        last_line = (done.stdout.strip().split("\n"))[-1]
        raise Misconfigured(f"`{' '.join(command)}` failed: {last_line}")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold back a second process of ours: dpkg's own lock does not cover the package lists."""
    with (Path(tempfile.gettempdir()) / "orchestrator-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _services_stay_down() -> Iterator[None]:
    """Keep Debian from starting the packages' services, which listen on all interfaces."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text(_DENY_STARTS)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
