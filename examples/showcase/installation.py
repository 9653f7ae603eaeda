"""An installation of our own on services that others may use too, and its end. Runs nothing."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError

from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.cli.queues import installed_topologies
from orchestrator.local.ports import free_ports
from orchestrator.topology import topology
from showcase.children import ROOT, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client.samples import Sample

    from orchestrator.settings import Settings
    from showcase.children import Child

_POLL_SECONDS = 0.1


def variables(name: str) -> dict[str, str]:
    """Return the settings by which an installation called `name` keeps apart from all others."""
    return {
        "ORCHESTRATOR_EXCHANGE": name,
        "ORCHESTRATOR_QUEUE": f"{name}.orchestrator",
        "ORCHESTRATOR_RETRY_PREFIX": f"{name}.retry",
        "ORCHESTRATOR_SERVICE_PREFIX": f"{name}.",
        "ORCHESTRATOR_NAMESPACE": name,
        "ORCHESTRATOR_RULES": str(ROOT / "rules"),
        "ORCHESTRATOR_SCHEMAS": str(ROOT / "schemas"),
        "ORCHESTRATOR_LOG_FORMAT": "json",
        "HR_STAFF": "",  # the sample investigators
    }


def parts(
    notify: str, others: Sequence[str], http_ports: Sequence[int | None] | None = None
) -> tuple[Part, ...]:
    """Return the daemon and the sample services.

    Args:
        notify: the service that sends mail, a name or ``module:attribute``.
        others: the services that share one process, besides notify, hr and permits.
        http_ports: where each of the five is to answer, if the port is free; None for any port.
    """
    commands = {
        "daemon": ("run",),
        "notify": ("consumers", "run", notify),
        "hr": ("consumers", "run", "hr"),
        "permits": ("consumers", "run", "permits"),
        "offices": ("consumers", "run", *others),
    }
    ports = free_ports(*(http_ports or [None] * len(commands)))
    return tuple(
        Part(name, command, port)
        for (name, command), port in zip(commands.items(), ports, strict=True)
    )


async def apply(settings: Settings) -> None:
    """Do what ``orchestrator apply`` does."""
    async with Administration.connect(settings.amqp_url.get_secret_value()) as administration:
        for each in (topology(settings), *installed_topologies(settings)):
            await administration.apply(each)


async def until_ready(children: Sequence[Child]) -> None:
    """Return when every child says that it is ready for work."""
    for child in children:
        while not await asyncio.to_thread(_is_ready, child.part.http_port):  # noqa: ASYNC110 - another process
            await asyncio.sleep(_POLL_SECONDS)


async def samples(child: Child) -> list[Sample]:
    """Return the metrics of a child; none when it does not answer."""
    url = f"http://127.0.0.1:{child.part.http_port}/metrics"
    try:
        text = await asyncio.to_thread(_get, url)
    except OSError:
        return []
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


async def dismantle(settings: Settings) -> None:
    """Delete everything of the installation that `settings` name, on RabbitMQ and in Redis."""
    async with Administration.connect(settings.amqp_url.get_secret_value()) as administration:
        for each in (*installed_topologies(settings), topology(settings)):
            await administration.delete(each)
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        async for key in redis.scan_iter(match=f"{settings.namespace}:*", count=1000):
            await redis.unlink(key)


def _is_ready(port: int) -> bool:
    try:
        return bool(json.loads(_get(f"http://127.0.0.1:{port}/ready"))["ready"])
    except (HTTPError, URLError, ConnectionError):
        return False


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - always http
        body: bytes = answer.read()
    return body.decode()
