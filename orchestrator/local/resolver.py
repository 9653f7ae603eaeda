"""Brings RabbitMQ and Redis up for as long as somebody needs them. Knows no client library."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from orchestrator.errors import Misconfigured
from orchestrator.local import debian, docker
from orchestrator.local.instance import Instance
from orchestrator.local.ports import LOOPBACK, free_ports
from orchestrator.local.rabbitmq_server import BrokerPorts, private_broker, private_names
from orchestrator.local.redis_server import private_redis
from orchestrator.local.services import Server, Services
from orchestrator.local.sources import (
    RABBITMQ,
    REDIS,
    Binary,
    Docker,
    Environment,
    Package,
    find,
    this_machine,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.local.instance import Recipe
    from orchestrator.local.sources import Machine

_USUAL_PORTS = {"amqp": 5672, "management": 15672, "redis": 6379}

Obtained = Environment | Docker | Binary


@contextmanager
def running(
    *,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
    management: bool = False,
) -> Iterator[Services]:
    """Give the services for the time of the block, starting and installing what is missing.

    Args:
        environ: may hold the URLs of services that run already; pass ``{}`` to get new ones.
        folder: where the data of our services stay, on the usual ports if those are free;
            None for a temporary folder and any ports.
        management: serve RabbitMQ's management UI too, if the broker is ours.

    Raises:
        Misconfigured: a service cannot be had; the text says what to do.
        Unavailable: a service did not come up; the text has the end of its log.
    """
    for_broker, for_redis = obtain(environ, this_machine())
    usual = _USUAL_PORTS if folder else {}
    amqp, ui, redis_port, distribution, names = free_ports(
        usual.get("amqp"), usual.get("management"), usual.get("redis"), None, None
    )
    ports = BrokerPorts(amqp, distribution, names, ui if management else None)
    with ExitStack() as ours:
        home = ours.enter_context(_kept(folder) if folder else _throwaway())
        launcher = _Launcher(ours, home, keep=folder is not None)
        redis = launcher.redis(for_redis, redis_port)
        broker = launcher.broker(for_broker, ports)
        for server in (redis, broker):
            if server.instance:
                server.instance.wait_until_ready()
        ui_is_ours = management and broker.instance
        yield Services(broker, redis, f"http://{LOOPBACK}:{ui}" if ui_is_ours else None)


def obtain(environ: Mapping[str, str], machine: Machine) -> tuple[Obtained, Obtained]:
    """Return where RabbitMQ and Redis come from, once images and packages are here.

    Raises:
        Misconfigured: there is no way to get one of them, or its packages failed to install.
    """
    sources = [find(kind, environ, machine) for kind in (RABBITMQ, REDIS)]
    images = [source.image for source in sources if isinstance(source, Docker)]
    if not all(docker.pull(image) for image in images):
        print("Docker has no such image: going on without Docker", file=sys.stderr)
        return obtain(environ, replace(machine, has_docker=lambda: False))
    if packages := [source.name for source in sources if isinstance(source, Package)]:
        debian.install(packages)
        return obtain(environ, replace(machine, can_install=False))
    broker, redis = [source for source in sources if not isinstance(source, Package)]
    return broker, redis


class _Launcher:
    """Starts what is ours and sees to it that ``ours`` ends it."""

    def __init__(self, ours: ExitStack, home: Path, *, keep: bool) -> None:
        self._ours = ours
        self._home = home
        self._keep = keep

    def broker(self, source: Obtained, ports: BrokerPorts) -> Server:
        url = f"amqp://guest:guest@{LOOPBACK}:{ports.amqp}/"
        match source:
            case Environment(given):
                return Server(given, "environment")
            case Docker(image):
                recipe = docker.container_broker(image, self._folder("rabbitmq"), ports)
                return Server(url, "docker", self._launch(recipe))
            case Binary(path):
                folder = self._folder("rabbitmq")
                self._launch(private_names(folder, ports)).wait_until_ready()
                recipe = private_broker(path, folder, ports)
                return Server(url, "private", self._launch(recipe))
            case _:
                assert_never(source)

    def redis(self, source: Obtained, port: int) -> Server:
        url = f"redis://{LOOPBACK}:{port}/0"
        match source:
            case Environment(given):
                return Server(given, "environment")
            case Docker(image):
                recipe = docker.container_redis(image, self._folder("redis"), port)
                return Server(url, "docker", self._launch(recipe))
            case Binary(path):
                recipe = private_redis(path, self._folder("redis"), port)
                return Server(url, "private", self._launch(recipe))
            case _:
                assert_never(source)

    def _launch(self, recipe: Recipe) -> Instance:
        instance = Instance(recipe)
        self._ours.callback(instance.stop if self._keep else instance.discard)
        instance.launch()
        return instance

    def _folder(self, name: str) -> Path:
        folder = self._home / name
        folder.mkdir(exist_ok=True)
        return folder


@contextmanager
def _throwaway() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="orchestrator-"))
    try:
        yield folder
    finally:
        # A server that was killed may leave a child that still writes for a moment.
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _kept(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(
                f"{folder} belongs to services that run already: use theirs (their URLs were "
                "printed when they started), or stop them first"
            ) from None
        yield folder.resolve()
