"""How tests run a command line: through the same boundary as people do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orchestrator.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Result:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it printed, line by line."""
        return self.out.splitlines()


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """A function that runs a command line in this process."""

    def invoked(*arguments: str) -> Result:
        code = run(list(arguments))
        return Result(code, *capsys.readouterr())

    return invoked
