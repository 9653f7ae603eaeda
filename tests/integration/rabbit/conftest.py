"""The installation that each test of the adapter gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.rabbit.site import Site, installed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def site(amqp_url: str, unique: str) -> AsyncIterator[Site]:
    """An installation that nobody else uses, on the shared broker."""
    async with installed(amqp_url, unique) as found:
        yield found
