"""Services of our own: they keep data over a restart, stand side by side, and leave nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from orchestrator.errors import Misconfigured
from orchestrator.local import Services, running
from orchestrator.local.readiness import amqp_answers, redis_answers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMAND = [sys.executable, "-m", "orchestrator.local", "--"]


def port(url: str) -> int:
    """The port of a URL."""
    return urlsplit(url).port or 0


def say(services: Services, command: str) -> bytes:
    """What Redis answers to one inline command."""
    with socket.create_connection(("127.0.0.1", port(services.redis_url)), timeout=5) as redis:
        redis.sendall(f"{command}\r\n".encode())
        return redis.recv(1024)


def eventually(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it becomes so in time."""
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        signal.sigtimedwait((), 0.05)
    return is_so()


def test_redis_confirms_only_what_is_on_disk(own_services: Services) -> None:
    """The engine refuses a Redis that may forget, so ours must not."""
    for setting, value in {
        b"appendonly": b"yes",
        b"appendfsync": b"always",
        b"maxmemory-policy": b"noeviction",
    }.items():
        assert value in say(own_services, f"CONFIG GET {setting.decode()}")


def test_what_redis_confirmed_survives_a_kill(own_services: Services) -> None:
    """Fault tests rest on this: a kill must be a crash, not a loss of the disk."""
    assert say(own_services, "SET kept 1") == b"+OK\r\n"

    own_services.redis.kill()
    assert not redis_answers(port(own_services.redis_url))
    own_services.redis.start()

    assert say(own_services, "GET kept") == b"$1\r\n1\r\n"


def test_the_broker_comes_back_on_its_port(own_services: Services) -> None:
    """Clients know one address: a broker that was killed must return to it."""
    own_services.broker.kill()
    assert not amqp_answers(port(own_services.amqp_url))
    own_services.broker.start()

    assert amqp_answers(port(own_services.amqp_url))


def test_services_from_the_environment_are_not_ours_to_stop() -> None:
    """A test must never take down a broker that somebody else uses."""
    given = {"ORCHESTRATOR_AMQP_URL": "amqp://there/", "ORCHESTRATOR_REDIS_URL": "redis://there/"}

    with running(environ=given) as services, pytest.raises(Misconfigured, match="not ours"):
        services.broker.kill()


def test_a_kept_folder_has_one_user(tmp_path: Path) -> None:
    """Two brokers on one set of files would destroy them."""
    given = {"ORCHESTRATOR_AMQP_URL": "amqp://there/"}

    with (
        running(environ=given, folder=tmp_path / "kept"),
        pytest.raises(Misconfigured, match="run already"),
        running(environ=given, folder=tmp_path / "kept"),
    ):
        pass


def test_a_kept_folder_keeps_data(tmp_path: Path) -> None:
    """An operator who stops the services in the evening finds everything in the morning."""
    given = {"ORCHESTRATOR_AMQP_URL": "amqp://there/"}
    with running(environ=given, folder=tmp_path / "kept") as services:
        say(services, "SET kept 1")

    with running(environ=given, folder=tmp_path / "kept") as services:
        assert say(services, "GET kept") == b"$1\r\n1\r\n"


def test_the_command_gets_the_urls_and_its_exit_code_is_ours(services: Services) -> None:
    """Make must see a failed command as failed."""
    script = "import os, sys; print(os.environ['ORCHESTRATOR_REDIS_URL']); sys.exit(7)"

    done = subprocess.run(
        [*COMMAND, sys.executable, "-c", script],
        env=os.environ | services.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (7, f"{services.redis_url}\n")


def test_an_unknown_command_is_an_error_without_traceback(services: Services) -> None:
    """A typo in a Makefile deserves one line."""
    done = subprocess.run(
        [*COMMAND, "no-such-command"],
        env=os.environ | services.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 127
    assert done.stderr.endswith("error: there is no command no-such-command\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_nothing_stays_behind_when_we_end(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    """Whoever stops or even kills the command must not find a broker running the next day."""
    alone = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    alone["TMPDIR"] = str(tmp_path)  # files do stay when we are killed
    command = [*COMMAND, "sh", "-c", "echo $ORCHESTRATOR_AMQP_URL; exec sleep 60"]
    with subprocess.Popen(
        command, env=alone, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as resolver:
        assert resolver.stdout is not None
        broker = port(resolver.stdout.readline())
        assert amqp_answers(broker)

        resolver.send_signal(number)

        assert resolver.wait() == code
        assert eventually(lambda: not amqp_answers(broker))
