"""A daemon that is set up wrongly says what, where and what to do in one line, and ends."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.acceptance.harness import installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.local import Services
    from tests.acceptance.harness import Site


@pytest.fixture(scope="module")
def site(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """One installation for all refusals: they change nothing."""
    return installed(services, f"t{token_hex(6)}", tmp_path_factory.mktemp("site"))


def at(url: str) -> str:
    """Return host and port of `url`."""
    return urlsplit(url).netloc.rpartition("@")[2]


def test_a_wrong_broker_password(site: Site) -> None:
    """What, where, which setting; and never the password."""
    url = f"amqp://guest:s3cret@{at(site.services.amqp_url)}/"
    said = site.refusal(ORCHESTRATOR_AMQP_URL=url)
    assert at(url) in said
    assert "correct ORCHESTRATOR_AMQP_URL" in said
    assert "s3cret" not in said


def test_something_that_is_not_rabbitmq(site: Site) -> None:
    """Another service on the port is not waited for: it will not turn into a broker."""
    with a_mail_server() as port:
        said = site.refusal(ORCHESTRATOR_AMQP_URL=f"amqp://guest:guest@127.0.0.1:{port}/")
    assert "what answers is not RabbitMQ" in said
    assert "correct host and port in ORCHESTRATOR_AMQP_URL" in said


@pytest.mark.parametrize("url", ["amqp//guest@host", "http://127.0.0.1:1/", "nonsense"])
def test_a_broker_url_that_is_none(site: Site, url: str) -> None:
    """It must not be waited for: it will never work."""
    assert "ORCHESTRATOR_AMQP_URL" in site.refusal(ORCHESTRATOR_AMQP_URL=url)


def test_a_wrong_redis_password(site: Site) -> None:
    """The same for the other service."""
    url = f"redis://nobody:s3cret@{at(site.services.redis_url)}/0"
    said = site.refusal(ORCHESTRATOR_REDIS_URL=url)
    assert at(url) in said
    assert "correct ORCHESTRATOR_REDIS_URL" in said
    assert "s3cret" not in said


def test_a_redis_url_that_is_none(site: Site) -> None:
    """The setting is named, so that nobody has to guess which URL is meant."""
    assert "ORCHESTRATOR_REDIS_URL" in site.refusal(ORCHESTRATOR_REDIS_URL="http://here/")


def test_a_queue_with_other_arguments(site: Site) -> None:
    """Drift is named with queue, argument and both values."""
    said = site.refusal(ORCHESTRATOR_DLQ_MAX_LENGTH="5")
    for part in (f"queue {site.queue}.dlq", "x-max-length", "100000", "5", "orchestrator apply"):
        assert part in said


def test_a_port_that_is_taken(site: Site) -> None:
    """Two daemons on one machine: the second is told which setting moves it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = site.refusal(ORCHESTRATOR_HTTP_PORT=str(port))
    assert f"127.0.0.1:{port}" in said
    assert "ORCHESTRATOR_HTTP_PORT" in said


def test_a_broken_rule_file(site: Site, tmp_path: Path) -> None:
    """At start there are no older rules to go on with."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("- when: ComplaintFiled\n  then:\n    - SendAcknowledgement\n")
    assert f"{broken}:3:7: " in site.refusal(ORCHESTRATOR_RULES=str(tmp_path))


def test_a_rules_folder_that_is_not_there(site: Site) -> None:
    """The folder and the setting are named."""
    said = site.refusal(ORCHESTRATOR_RULES="/nowhere/rules")
    assert "/nowhere/rules" in said


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
