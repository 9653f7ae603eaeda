"""Containers instead of programs, with a stand-in for the docker command that runs the program."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from orchestrator.local import docker
from orchestrator.local.instance import Instance
from orchestrator.local.ports import free_ports
from orchestrator.local.readiness import redis_answers
from orchestrator.local.resolver import obtain
from orchestrator.local.sources import Binary, Docker, Machine

# Knows the images of Redis only, and runs its own program on the published port.
STAND_IN = """#!/bin/sh
echo "$*" >> "$0.calls"
case "$1" in
image) [ "$3" = redis:8 ] ;;
pull) echo "no such image: $2" >&2; exit 1 ;;
kill) kill -9 "$(cat "$0.pid")" ;;
run)
    for word; do
        shift
        case "$word" in
        --publish=127.0.0.1:*:6379) port=${word#*:}; port=${port%:*} ;;
        redis-server) break ;;
        esac
    done
    echo $$ > "$0.pid"
    exec redis-server --port "$port" --bind 127.0.0.1 "$@" ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the calls of the stand-in, which is the docker command for this test."""
    if shutil.which("redis-server") is None:
        pytest.skip("the stand-in needs redis-server")
    command = tmp_path / "docker"
    command.write_text(STAND_IN)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path / "docker.calls"


def test_a_container_is_killed_started_and_forgotten_like_a_program(
    calls: Path, tmp_path: Path
) -> None:
    """Whoever tests with Docker gets the same faults as whoever does not."""
    (port,) = free_ports(None)
    container = Instance(docker.container_redis("redis:8", tmp_path, port))

    container.start()
    container.kill()
    assert not redis_answers(port)
    container.start()
    container.discard()
    assert not redis_answers(port)

    verbs = [line.split()[0] for line in calls.read_text().splitlines()]
    assert verbs == ["run", "kill", "run", "kill", "volume"]


@pytest.mark.usefixtures("calls")
def test_without_the_images_it_goes_on_without_docker() -> None:
    """An engine that cannot fetch images must not be worse than none."""
    programs = {"rabbitmq-server", "redis-server"}
    machine = Machine(
        has_docker=lambda: True,
        can_install=False,
        which=lambda name: name if name in programs else None,
    )

    broker, redis = obtain({}, machine)

    assert (broker, redis) == (Binary(Path("rabbitmq-server")), Binary(Path("redis-server")))


@pytest.mark.usefixtures("calls")
def test_with_the_image_it_uses_docker() -> None:
    """The control of the test above: an image that is here is taken."""
    machine = Machine(has_docker=lambda: True, can_install=False, which=lambda _name: None)

    assert obtain({"ORCHESTRATOR_AMQP_URL": "amqp://there/"}, machine)[1] == Docker("redis:8")
