"""Where a service comes from, in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import Misconfigured
from orchestrator.local.sources import (
    RABBITMQ,
    REDIS,
    Binary,
    Docker,
    Environment,
    Machine,
    Package,
    Source,
    find,
)

BARE: frozenset[str] = frozenset()
INSTALLED = frozenset({"/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server", "redis-server"})
GIVEN = {"ORCHESTRATOR_AMQP_URL": "amqp://there/"}


def machine(
    programs: frozenset[str] = BARE, *, docker: bool = False, root: bool = False
) -> Machine:
    """A machine with these programs on its path."""
    return Machine(lambda: docker, root, lambda name: name if name in programs else None)


@pytest.mark.parametrize(
    ("expected", "environ", "on"),
    [
        (Environment("amqp://there/"), GIVEN, machine(INSTALLED, docker=True, root=True)),
        (Docker("rabbitmq:4-management"), {}, machine(INSTALLED, docker=True, root=True)),
        (
            Binary(Path("/usr/lib/rabbitmq/bin/rabbitmq-server")),
            {"ORCHESTRATOR_AMQP_URL": ""},
            machine(INSTALLED, root=True),
        ),
        (Binary(Path("rabbitmq-server")), {}, machine(frozenset({"rabbitmq-server"}))),
        (Package("rabbitmq-server"), {}, machine(root=True)),
    ],
)
def test_takes_the_first_way_that_is_open(
    expected: Source, environ: dict[str, str], on: Machine
) -> None:
    """What somebody runs on purpose comes before what we start, and installing comes last."""
    assert find(RABBITMQ, environ, on) == expected


def test_each_service_is_found_by_itself() -> None:
    """A URL for the broker says nothing about Redis."""
    assert find(REDIS, GIVEN, machine(INSTALLED)) == Binary(Path("redis-server"))


def test_without_any_way_the_error_names_the_two_commands() -> None:
    """Whoever has nothing and is not root must be able to go on by copying a line."""
    with pytest.raises(Misconfigured) as refusal:
        find(REDIS, {}, machine())

    assert "sudo apt-get install rabbitmq-server redis-server" in str(refusal.value)
    assert "docker compose up -d rabbitmq redis" in str(refusal.value)
