"""Decides where a service comes from on this machine. Starts and installs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DOCKER_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of service, and the names under which it can be had.

    Attributes:
        name: as people write it.
        variable: the environment variable that may hold the URL of one that runs.
        binaries: paths or names of the server program, the first one found is taken.
        package: the Debian package with that program.
        image: the container image.
    """

    name: str
    variable: str
    binaries: tuple[str, ...]
    package: str
    image: str


RABBITMQ = Kind(
    name="RabbitMQ",
    variable="ORCHESTRATOR_AMQP_URL",
    # On the path Debian has a wrapper that switches users when root starts it.
    binaries=("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server"),
    package="rabbitmq-server",
    image="rabbitmq:4-management",
)
REDIS = Kind(
    name="Redis",
    variable="ORCHESTRATOR_REDIS_URL",
    binaries=("redis-server",),
    package="redis-server",
    image="redis:8",
)


@dataclass(frozen=True, slots=True)
class Environment:
    """It runs already; a variable holds its URL."""

    url: str = field(repr=False)  # it holds a password

    def __str__(self) -> str:
        """Say it to a person."""
        return "runs already, its URL is in the environment"


@dataclass(frozen=True, slots=True)
class Docker:
    """A container of our own."""

    image: str

    def __str__(self) -> str:
        """Say it to a person."""
        return f"a container of {self.image}"


@dataclass(frozen=True, slots=True)
class Binary:
    """A private instance of a program on this machine."""

    path: Path

    def __str__(self) -> str:
        """Say it to a person."""
        return f"a private instance of {self.path}"


@dataclass(frozen=True, slots=True)
class Package:
    """A private instance, once this Debian package is installed."""

    name: str

    def __str__(self) -> str:
        """Say it to a person."""
        return f"a private instance, after installing the Debian package {self.name}"


Source = Environment | Docker | Binary | Package


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine offers.

    Attributes:
        has_docker: whether a Docker engine answers; asking takes up to ten seconds.
        can_install: this is Debian or a child of it, and we are root.
        which: the path of a program, or None.
    """

    has_docker: Callable[[], bool]
    can_install: bool
    which: Callable[[str], str | None]


def this_machine() -> Machine:
    """Look at the machine we run on."""
    return Machine(
        has_docker=_docker_answers,
        can_install=os.geteuid() == 0 and shutil.which("apt-get") is not None,
        which=shutil.which,
    )


def find(kind: Kind, environ: Mapping[str, str], machine: Machine) -> Source:
    """Return where a service of this kind comes from: the first of four ways that is open.

    Raises:
        Misconfigured: none is; the text names the commands that open one.
    """
    if url := environ.get(kind.variable):
        return Environment(url)
    if machine.has_docker():
        return Docker(kind.image)
    for binary in kind.binaries:
        if path := machine.which(binary):
            return Binary(Path(path))
    if machine.can_install:
        return Package(kind.package)
    raise Misconfigured(
        f"no {kind.name} on this machine, and none in {kind.variable}: install both services with "
        f"`sudo apt-get install {RABBITMQ.package} {REDIS.package}`, or run `docker compose up -d "
        f"rabbitmq redis` and set {RABBITMQ.variable}=amqp://sample:sample@127.0.0.1:5672/ "
        f"{REDIS.variable}=redis://:sample@127.0.0.1:6379/0"
    )


@cache
def _docker_answers() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    question = [docker, "version", "--format", "{{.Server.Version}}"]
    try:
        answer = subprocess.run(
            question, capture_output=True, timeout=_DOCKER_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return answer.returncode == 0
