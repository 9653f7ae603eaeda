"""``orchestrator consumers run`` as it is called, before anything is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Result


@pytest.mark.parametrize("names", [("notify", "hr", "notify"), ("hr", "consumers.hr:service")])
def test_a_service_runs_once_in_a_process(
    names: tuple[str, ...], invoke: Callable[..., Result]
) -> None:
    """Two under one name would be one in metrics and health."""
    result = invoke("consumers", "run", *names)
    assert result.code == 1
    assert "is given 2 times: name it once" in result.err
