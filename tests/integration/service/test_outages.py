"""Broker and Redis restart while a service works: everything is answered, once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.integration.service.conftest import BAKERY, SCHEMAS
from tests.integration.service.installation import Installation
from tests.integration.service.test_processes import effects

if TYPE_CHECKING:
    from orchestrator.local import Services

COMMANDS = 300


@pytest.mark.parametrize("server", ["redis", "broker"])
async def test_a_restart_under_load_is_survived(
    own_services: Services, unique: str, server: str
) -> None:
    """The process goes on by itself once the server is back, and loses nothing meanwhile."""
    bakery = Installation(unique, own_services.environ, SCHEMAS)
    async with bakery.existing(["bakery"], ["bakery.v1"]):
        commands = await bakery.send(
            "bakery.v1", "Bake", [{"cake": str(n)} for n in range(COMMANDS)]
        )
        async with bakery.process(BAKERY) as process:
            await bakery.answers(lambda found: len(found) > COMMANDS // 10)
            await asyncio.to_thread(getattr(own_services, server).restart)
            answers = await bakery.answers(lambda found: len(found) == COMMANDS)
            process.terminate()
            assert await process.wait() == 0

        assert set(answers) == set(commands)
        assert len(await effects(bakery)) == COMMANDS
