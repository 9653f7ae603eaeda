from __future__ import annotations

import pytest

from tests.unit.service.workbench import Workbench


@pytest.fixture
async def bench() -> Workbench:
    """A bakery without handlers."""
    return Workbench()
