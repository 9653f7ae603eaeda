"""A daemon that cannot do its work says why in one line and ends; one that must wait says so."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from redis import Redis

from tests.acceptance.harness import OURS, READY, eventually, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.local import Services
    from tests.acceptance.harness import Site

WAITING = "service_waiting"


@pytest.fixture(scope="module")
def site(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """One installation for all refusals: they change nothing."""
    return installed(services, f"t{token_hex(6)}", tmp_path_factory.mktemp("site"))


def complaint_of(site: Site, **variables: str) -> str:
    """Start a daemon that must refuse; return what it says on standard error, less the log."""
    ended = site.run("run", **variables)
    said = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == ""
    assert len(said) == 1, ended.stderr
    return said[0]


def at(url: str) -> str:
    """Return host and port of `url`."""
    return urlsplit(url).netloc.rpartition("@")[2]


def test_a_wrong_broker_password(site: Site) -> None:
    """What, where, which setting; and never the password."""
    url = f"amqp://guest:s3cret@{at(site.services.amqp_url)}/"
    said = complaint_of(site, ORCHESTRATOR_AMQP_URL=url)
    assert at(url) in said
    assert "correct ORCHESTRATOR_AMQP_URL" in said
    assert "s3cret" not in said


def test_something_that_is_not_rabbitmq(site: Site) -> None:
    """Another service on the port is not waited for: it will not turn into a broker."""
    with a_mail_server() as port:
        said = complaint_of(site, ORCHESTRATOR_AMQP_URL=f"amqp://guest:guest@127.0.0.1:{port}/")
    assert "what answers is not RabbitMQ" in said
    assert "correct host and port in ORCHESTRATOR_AMQP_URL" in said


@pytest.mark.parametrize("url", ["amqp//guest@host", "http://127.0.0.1:1/", "nonsense"])
def test_a_broker_url_that_is_none(site: Site, url: str) -> None:
    """It must not be waited for: it will never work."""
    assert "ORCHESTRATOR_AMQP_URL" in complaint_of(site, ORCHESTRATOR_AMQP_URL=url)


def test_a_wrong_redis_password(site: Site) -> None:
    """The same for the other service."""
    url = f"redis://nobody:s3cret@{at(site.services.redis_url)}/0"
    said = complaint_of(site, ORCHESTRATOR_REDIS_URL=url)
    assert at(url) in said
    assert "correct ORCHESTRATOR_REDIS_URL" in said
    assert "s3cret" not in said


def test_a_redis_url_that_is_none(site: Site) -> None:
    """The setting is named, so that nobody has to guess which URL is meant."""
    assert "ORCHESTRATOR_REDIS_URL" in complaint_of(site, ORCHESTRATOR_REDIS_URL="http://here/")


def test_a_queue_with_other_arguments(site: Site) -> None:
    """Drift is named with queue, argument and both values."""
    said = complaint_of(site, ORCHESTRATOR_DLQ_MAX_LENGTH="5")
    for part in (f"queue {site.queue}.dlq", "x-max-length", "100000", "5", "orchestrator apply"):
        assert part in said


def test_a_topology_that_was_never_declared(site: Site) -> None:
    """The command that declares it is named."""
    said = complaint_of(site, ORCHESTRATOR_QUEUE=f"{site.name}.other")
    assert f"queue {site.name}.other is missing: run `orchestrator apply`" in said


def test_a_port_that_is_taken(site: Site) -> None:
    """Two daemons on one machine: the second is told which setting moves it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = complaint_of(site, ORCHESTRATOR_HTTP_PORT=str(port))
    assert f"127.0.0.1:{port}" in said
    assert "ORCHESTRATOR_HTTP_PORT" in said


def test_a_broken_rule_file(site: Site, tmp_path: Path) -> None:
    """At start there are no older rules to go on with."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("- when: ComplaintFiled\n  then:\n    - SendAcknowledgement\n")
    assert f"{broken}:3:7: " in complaint_of(site, ORCHESTRATOR_RULES=str(tmp_path))


def test_a_rules_folder_that_is_not_there(site: Site) -> None:
    """The folder and the setting are named."""
    said = complaint_of(site, ORCHESTRATOR_RULES="/nowhere/rules")
    assert "/nowhere/rules" in said


def test_a_redis_that_can_lose_commits(frail_site: Site) -> None:
    """All guarantees stand on it, so it is refused; unless somebody accepts that, in writing."""
    with weakened(frail_site):
        said = complaint_of(frail_site)
        assert "appendonly is no, must be yes" in said
        assert "ORCHESTRATOR_REDIS_ALLOW_WEAK=1" in said
        with frail_site.daemon(ORCHESTRATOR_REDIS_ALLOW_WEAK="1") as daemon:
            status, body = daemon.get("/ready")
            assert status == 200
            assert "can lose commits: appendonly is no" in body


@pytest.mark.timeout(90)
def test_services_that_are_away_are_waited_for(frail_site: Site) -> None:
    """Machines boot in any order. It says what it waits for, and begins by itself."""
    services = frail_site.services
    services.redis.stop()
    services.broker.stop()
    with frail_site.process("daemon", [*OURS, "run"]) as daemon:
        assert "Redis" in daemon.wait_for(WAITING)["reason"]
        assert daemon.get("/live")[0] == 200
        assert daemon.get("/ready")[0] == 503
        services.redis.start()
        daemon.wait_for("service_recovered")
        eventually(
            lambda: any("RabbitMQ" in line["reason"] for line in daemon.logged(WAITING)),
            "a log line that says the broker is waited for",
        )
        services.broker.start()
        daemon.wait_for(READY)
        assert daemon.get("/ready")[0] == 200
        assert daemon.terminate() == 0


@contextmanager
def a_mail_server() -> Iterator[int]:
    """Answer every connection as a mail server does; yield the port."""

    class Greeting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"220 mail.example.org ESMTP\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def weakened(site: Site) -> Iterator[None]:
    """Switch the AOF off for the time of the block."""
    with Redis.from_url(site.services.redis_url) as redis:
        redis.config_set("appendonly", "no")
        try:
            yield
        finally:
            redis.config_set("appendonly", "yes")
