"""How the parts of the daemon end together."""

from __future__ import annotations

import asyncio

import pytest
from httpx import ASGITransport, AsyncClient

from orchestrator.core.definitions import Rulebook
from orchestrator.daemon import Daemon
from orchestrator.folders import Folders
from orchestrator.http import create_app
from orchestrator.settings import Settings


class Busy:
    """An engine that works until it is cut off."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = False

    def stop(self) -> None:
        """Take no notice."""

    async def run(self, *_: object) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


def idle_daemon(**options: float) -> Daemon:
    """Return a daemon that is not run, on no rules."""
    settings = Settings(**options)  # type: ignore[arg-type]  # of several kinds
    folders = Folders(settings.rules, settings.schemas)
    return Daemon(settings, Rulebook("r1", (), {}), folders)


async def test_the_engine_ends_with_the_daemon() -> None:
    """Where another part fails, it must not go on with a broker and a store that are closed."""
    daemon = idle_daemon()
    engine = Busy()
    daemon._engine = engine  # type: ignore[assignment]  # noqa: SLF001
    consuming = asyncio.create_task(daemon._consume())  # noqa: SLF001
    await engine.begun.wait()

    consuming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consuming

    assert engine.ended


@pytest.mark.parametrize("part", ["sweeper", "timekeeper", "witness", "roster", "reloader"])
async def test_no_part_keeps_a_stopped_daemon_from_its_end(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that is low on memory confirms nothing, for as long as it pleases."""

    async def nothing(*_: object) -> None:
        return

    daemon, busy = idle_daemon(drain_seconds=0.01, http_port=0), Busy()
    monkeypatch.setattr(daemon, "_check_services", nothing)
    monkeypatch.setattr(daemon._reloader, "start", nothing)  # noqa: SLF001
    for each in ("sweeper", "timekeeper", "witness", "roster", "reloader", "engine"):
        work = busy.run if each == part else nothing
        monkeypatch.setattr(getattr(daemon, f"_{each}"), "run", work)
    running = asyncio.create_task(daemon.run())
    await busy.begun.wait()
    daemon.stop()
    async with asyncio.timeout(5):
        await running
    assert busy.ended


async def test_nothing_can_be_started_before_the_queue_is_bound() -> None:
    """On the first day of an installation the order would be accepted, and reach nobody."""
    daemon = idle_daemon()
    app = create_app(daemon._health, daemon._metrics, daemon._workflow_routes())  # noqa: SLF001
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1") as client:
        early = await client.post("/workflows/permits/instances", json={"input": {}})
        daemon._telemetry.reloaded("r1", 0)  # noqa: SLF001
        later = await client.post("/workflows/permits/instances", json={"input": {}})

    assert (early.status_code, later.status_code) == (503, 404)
    assert "starting" in early.json()["detail"]
