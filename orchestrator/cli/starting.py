"""Reads where in the log to start, as people write it. Knows no log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import click

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.times import parse_duration, parse_timestamp

if TYPE_CHECKING:
    from orchestrator.adapters.rabbit.log import Start


class StartType(click.ParamType[object]):
    """``first``, ``now``, a duration back, or a time: see the message of its error."""

    name = "start"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Start:
        """Return what the log reader starts from."""
        told = str(value)
        words: dict[str, Literal["first", "next"]] = {"first": "first", "now": "next"}
        if told in words:
            return words[told]
        try:
            return parse_timestamp(told)
        except EvaluationError:
            pass  # then it is a duration
        try:
            return datetime.now(UTC) - parse_duration(told)
        except EvaluationError:
            self.fail(
                f"{told!r} is no place in the log: write first, now, a duration such as 1h30m,"
                " or a time such as 2026-03-01T08:00:00Z",
                param,
                ctx,
            )


START = StartType()
