from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumers.hr.desks import Desks
from consumers.hr.staff import read_staff
from consumers.store import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from consumers.store import Store


@pytest.fixture
async def store(
    redis_url: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    """Data of one test, and an environment in which the services find them."""
    monkeypatch.setenv("ORCHESTRATOR_REDIS_URL", redis_url)
    monkeypatch.setenv("ORCHESTRATOR_NAMESPACE", unique)
    async with open_store("hr") as opened:
        yield opened


@pytest.fixture
async def desks(store: Store) -> Desks:
    """The desks of the sample staff: three in the north."""
    desks = Desks(store)
    await desks.enter(read_staff({}))
    return desks
