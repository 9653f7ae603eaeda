"""Reads a length of time as people write it on a command line. Knows no clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.times import parse_duration

if TYPE_CHECKING:
    from typing import NoReturn

_LONGEST = timedelta(days=3_650)


class LengthType(click.ParamType[timedelta]):
    """A duration such as ``1h30m``, not negative and at most ten years."""

    name = "length"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the length of time."""
        if isinstance(value, timedelta):
            return value
        try:
            length = parse_duration(str(value))
        except EvaluationError:
            self._refuse(value, param, ctx)
        return length if timedelta() <= length <= _LONGEST else self._refuse(value, param, ctx)

    def _refuse(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> NoReturn:
        self.fail(
            f"{str(value)!r} is no length of time up to 3650d: write it as 90m, 1h30m or 2d",
            param,
            ctx,
        )


LENGTH = LengthType()
