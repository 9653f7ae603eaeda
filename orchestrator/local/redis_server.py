"""Says how to run a private Redis that loses nothing it confirmed. Starts nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from orchestrator.local.instance import Recipe, plain_environ
from orchestrator.local.ports import LOOPBACK
from orchestrator.local.readiness import redis_answers

if TYPE_CHECKING:
    from pathlib import Path

DURABLE = (
    *("--appendonly", "yes"),
    *("--appendfsync", "always"),
    *("--maxmemory-policy", "noeviction"),
    *("--save", ""),  # the append-only file holds everything already
)


def private_redis(program: Path, folder: Path, port: int) -> Recipe:
    """Return how to run ``program`` on a loopback port with everything it writes in ``folder``."""
    place = ("--bind", LOOPBACK, "--port", str(port), "--dir", str(folder))
    return Recipe(
        name="Redis",
        argv=(str(program), *place, *DURABLE),
        environ=plain_environ(folder),
        log=folder / "redis.log",
        is_ready=partial(redis_answers, port),
    )
