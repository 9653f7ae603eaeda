"""Says how to run a private RabbitMQ beside any others on this machine. Starts nothing."""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.errors import Misconfigured
from orchestrator.local.instance import Recipe, plain_environ
from orchestrator.local.ports import LOOPBACK
from orchestrator.local.readiness import amqp_answers

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class BrokerPorts:
    """The loopback ports of one broker; ``management`` is None without the management UI."""

    amqp: int
    distribution: int
    names: int
    management: int | None = None


def private_names(folder: Path, ports: BrokerPorts) -> Recipe:
    """Return how to run the broker's own epmd, Erlang's name service.

    Erlang would start one that outlives it and that other Erlang programs then rely on.

    Raises:
        Misconfigured: Erlang is not on the path.
    """
    program = shutil.which("epmd")
    if program is None:
        raise Misconfigured("no epmd on the path: install Erlang with the RabbitMQ server")
    return Recipe(
        name="epmd",
        argv=(program, "-address", LOOPBACK, "-port", str(ports.names)),
        environ=plain_environ(folder),
        log=folder / "epmd.log",
        is_ready=partial(_listens, ports.names),
    )


def private_broker(program: Path, folder: Path, ports: BrokerPorts) -> Recipe:
    """Return how to run ``program`` with everything it reads and writes in ``folder``."""
    (folder / "rabbitmq.conf").write_text(_configuration(ports))
    plugins = "rabbitmq_management" if ports.management else ""
    (folder / "enabled_plugins").write_text(f"[{plugins}].\n")
    return Recipe(
        name="RabbitMQ",
        argv=(str(program),),
        environ=plain_environ(folder) | _places(folder) | _identity(ports),
        log=folder / "rabbitmq.log",
        is_ready=partial(amqp_answers, ports.amqp),
    )


def _configuration(ports: BrokerPorts) -> str:
    lines = [
        f"listeners.tcp.1 = {LOOPBACK}:{ports.amqp}",
        f"distribution.listener.interface = {LOOPBACK}",
        "log.console = true",
        "log.file = false",
    ]
    if ports.management:
        lines.append(f"management.tcp.ip = {LOOPBACK}")
        lines.append(f"management.tcp.port = {ports.management}")
    return "\n".join(lines) + "\n"


def _places(folder: Path) -> dict[str, str]:
    return {
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "feature_flags"),
        "RABBITMQ_PLUGINS_EXPAND_DIR": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder),
        "RABBITMQ_MNESIA_DIR": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "ERL_CRASH_DUMP": str(folder / "erl_crash.dump"),
    }


def _identity(ports: BrokerPorts) -> dict[str, str]:
    return {
        # An address needs no name resolution; brokers are told apart by their name services.
        "RABBITMQ_NODENAME": f"orchestrator@{LOOPBACK}",
        "RABBITMQ_USE_LONGNAME": "true",
        "RABBITMQ_DIST_PORT": str(ports.distribution),
        "ERL_EPMD_PORT": str(ports.names),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        # Makes the start script become the broker, so that our child is the broker itself.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
