"""The compose file: what it must agree on with the code, and what it may not open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.local.sources import RABBITMQ, REDIS, Kind
from orchestrator.service.registry import installed

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The services of the compose file."""
    loaded: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded["services"]


@pytest.mark.parametrize(("service", "kind"), [("rabbitmq", RABBITMQ), ("redis", REDIS)])
def test_tests_and_deployment_use_one_image(
    compose: dict[str, Any], service: str, kind: Kind
) -> None:
    """What was tested is what runs."""
    assert compose[service]["image"] == kind.image


def test_no_port_is_open_to_other_machines(compose: dict[str, Any]) -> None:
    """The credentials in the file are samples that everybody knows."""
    published = [port for service in compose.values() for port in service.get("ports", [])]

    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_workflows_can_be_used_over_http(compose: dict[str, Any]) -> None:
    """The daemon's port is not bound to loopback there: without keys the routes are closed."""
    assert "ORCHESTRATOR_API_KEYS" in compose["daemon"]["environment"]
    assert "ORCHESTRATOR_AMQP_URL" in compose["daemon"]["environment"]


def test_redis_forgets_nothing(compose: dict[str, Any]) -> None:
    """The daemon refuses a Redis that confirms before it has written."""
    command = " ".join(compose["redis"]["command"])

    for option in ("--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"):
        assert option in command


def test_every_sample_service_is_run(compose: dict[str, Any]) -> None:
    """A command whose service nobody started would wait in its queue for ever."""
    run = {name for service in compose.values() for name in service.get("command", [])[2:]}

    assert set(installed()) - run == set()
