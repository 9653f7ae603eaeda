from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.service.installation import Installation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.local import Services

SCHEMAS = Path(__file__).parent / "schemas"
BAKERY = "tests.integration.service.bakery:service"


@pytest.fixture
async def bakery(services: Services, unique: str) -> AsyncIterator[Installation]:
    """An installation with the bakery's queue and somebody who listens."""
    installation = Installation(unique, services.environ, SCHEMAS)
    async with installation.existing(["bakery"], ["bakery.v1"]):
        yield installation
