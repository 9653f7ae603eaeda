"""The HTTP port tells whether the process is ready, and names what is not."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import Misconfigured
from orchestrator.http import create_app, serving
from orchestrator.telemetry.health import Health
from orchestrator.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from fastapi import FastAPI

HOST = "127.0.0.1"


async def get(port: int, path: str) -> tuple[int, str]:
    """Return the status and body of a GET: a raw one, so that nothing hides the wire."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), body


async def ready(health: Health) -> tuple[int, dict[str, object]]:
    """Return what ``/ready`` answers for `health`."""
    async with serving(app_for(health), HOST, 0) as port:
        status, body = await get(port, "/ready")
    return status, json.loads(body)


def app_for(health: Health) -> FastAPI:
    """Return the application over `health` and metrics nobody has written to."""
    return create_app(health, Metrics())


async def test_each_part_that_is_not_ready_is_named() -> None:
    """On call, the first question is which part it is."""
    health = Health("broker", "redis", "rulebook")
    health.ready("redis")
    health.not_ready("broker", "connection refused by 127.0.0.1:5672")

    status, answer = await ready(health)

    assert status == 503
    assert answer["not_ready"] == {
        "broker": "connection refused by 127.0.0.1:5672",
        "rulebook": "starting",
    }


async def test_ready_once_every_part_is() -> None:
    """A load balancer or an orchestrating system goes by the status alone."""
    health = Health("broker", "rulebook")
    health.ready("broker")
    health.rulebook_runs("abc123")

    assert await ready(health) == (
        200,
        {
            "ready": True,
            "not_ready": {},
            "warnings": [],
            "rulebook": {"revision": "abc123", "refused": []},
        },
    )


async def test_a_refused_reload_is_shown_and_does_not_take_the_process_down() -> None:
    """A typo must be seen by whoever looks, and must not stop what runs."""
    health = Health("rulebook")
    health.rulebook_runs("abc123")
    health.rulebook_refused(("rules/a.yaml:1:1: error: no",))

    status, answer = await ready(health)

    assert status == 200
    assert answer["rulebook"] == {
        "revision": "abc123",
        "refused": ["rules/a.yaml:1:1: error: no"],
    }


async def test_without_any_rulebook_a_refusal_means_not_ready() -> None:
    """A process that never had rules reacts to nothing: sending it work would be wrong."""
    health = Health("rulebook")
    health.rulebook_refused(("rules/a.yaml:1:1: error: no",))

    status, answer = await ready(health)

    assert status == 503
    assert answer["not_ready"] == {"rulebook": "refused: rules/a.yaml:1:1: error: no"}


async def test_a_weak_redis_is_repeated_in_every_answer() -> None:
    """It was allowed on purpose once; nobody may forget it."""
    health = Health()
    health.warn("redis", ["appendfsync is everysec: a crash loses a second of commits"])

    _, answer = await ready(health)

    assert answer["warnings"] == ["appendfsync is everysec: a crash loses a second of commits"]


async def test_live_and_metrics_answer() -> None:
    """A process that waits for its broker is alive, and its metrics tell why it waits."""
    async with serving(app_for(Health("broker")), HOST, 0) as port:
        status, live = await get(port, "/live")
        _, metrics = await get(port, "/metrics")

    assert status == 200
    assert json.loads(live)["status"] == "live"
    assert "orchestrator_build_info{" in metrics


async def test_a_port_that_is_taken_is_a_clear_error() -> None:
    """The process must not die of uvicorn's own exit, and must say which port."""
    async with serving(app_for(Health()), HOST, 0) as port:
        with pytest.raises(Misconfigured, match=rf"127\.0\.0\.1:{port}.*ORCHESTRATOR_HTTP_PORT"):
            async with serving(app_for(Health()), HOST, port):
                pass


async def silence(port: int, said: bytes) -> bytes:
    """Return what is answered to the beginning of a request, once the connection has ended."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(said)
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /live HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /live HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12",
    ],
    ids=["nothing", "half a header", "half a body"],
)
async def test_a_request_that_does_not_come_is_not_waited_for(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each such connection is a file that the daemon cannot open for the broker or the store."""
    monkeypatch.setattr("orchestrator.http.doorkeeper.REQUEST_SECONDS", 0.1)
    async with serving(app_for(Health()), HOST, 0) as port, asyncio.timeout(4):
        answered = await silence(port, said)
    assert answered.count(b"HTTP/1.1 ") == said.count(b"\r\n\r\n")


async def test_an_answer_that_takes_long_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: who waits for the end of an instance has sent all there is to send."""
    monkeypatch.setattr("orchestrator.http.doorkeeper.REQUEST_SECONDS", 0.1)
    app = app_for(Health())

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.3)
        return "done"

    async with serving(app, HOST, 0) as port:
        assert await get(port, "/slow") == (200, '"done"')


async def test_connections_beyond_the_bound_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are there keep what they have, and the next are let in once one has gone."""
    monkeypatch.setattr("orchestrator.http.doorkeeper.MOST_CONNECTIONS", 1)
    async with serving(app_for(Health()), HOST, 0) as port, asyncio.timeout(5):
        _, first = await asyncio.open_connection(HOST, port)
        assert await silence(port, b"") == b""
        first.close()
        await first.wait_closed()
        while not await silence(
            port, b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        ):
            pass
