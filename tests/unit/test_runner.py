"""Consumer services in one process, before anything is connected to."""

from __future__ import annotations

import pytest

from orchestrator.errors import Misconfigured
from orchestrator.runner import run
from orchestrator.settings import Settings


@pytest.mark.parametrize("names", [("notify", "hr", "notify"), ("hr", "consumers.hr:service")])
async def test_a_service_runs_once_in_a_process(names: tuple[str, ...]) -> None:
    """Two under one name would be one in metrics and health."""
    with pytest.raises(Misconfigured, match="is given 2 times: name it once"):
        await run(names, Settings())
