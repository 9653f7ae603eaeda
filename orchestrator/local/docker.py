"""Says how to run the services as containers that end with us. Fetches images, starts nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.local.instance import Recipe
from orchestrator.local.ports import LOOPBACK
from orchestrator.local.readiness import amqp_answers, redis_answers
from orchestrator.local.redis_server import DURABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orchestrator.local.rabbitmq_server import BrokerPorts


def pull(image: str) -> bool:
    """Return whether the image is here, after fetching it if needed, with progress on stderr."""
    look = subprocess.run(("docker", "image", "inspect", image), capture_output=True, check=False)
    if look.returncode == 0:
        return True
    return subprocess.run(("docker", "pull", image), stdout=sys.stderr, check=False).returncode == 0


def container_broker(image: str, folder: Path, ports: BrokerPorts) -> Recipe:
    """Return how to run RabbitMQ as a container; its data outlive a restart."""
    published = {ports.amqp: 5672}
    if ports.management:
        published[ports.management] = 15672
    name = _name(folder, "rabbitmq")
    return Recipe(
        name="RabbitMQ",
        # The node's data are found again by its host name.
        argv=(*_run(name, published, "/var/lib/rabbitmq"), "--hostname=orchestrator", image),
        environ=os.environ,
        log=folder / "rabbitmq.log",
        is_ready=partial(amqp_answers, ports.amqp),
        kill_argv=("docker", "kill", name),
        discard_argv=("docker", "volume", "rm", name),
    )


def container_redis(image: str, folder: Path, port: int) -> Recipe:
    """Return how to run Redis as a container; its data outlive a restart."""
    name = _name(folder, "redis")
    return Recipe(
        name="Redis",
        argv=(*_run(name, {port: 6379}, "/data"), image, "redis-server", *DURABLE),
        environ=os.environ,
        log=folder / "redis.log",
        is_ready=partial(redis_answers, port),
        kill_argv=("docker", "kill", name),
        discard_argv=("docker", "volume", "rm", name),
    )


def _name(folder: Path, service: str) -> str:
    return f"orchestrator-{zlib.crc32(str(folder).encode()):08x}-{service}"


def _run(name: str, published: Mapping[int, int], data: str) -> Sequence[str]:
    ports = [f"--publish={LOOPBACK}:{ours}:{theirs}" for ours, theirs in published.items()]
    # In the foreground: a signal to the client reaches the server, and --rm clears up.
    return ["docker", "run", "--rm", f"--name={name}", f"--volume={name}:{data}", *ports]
