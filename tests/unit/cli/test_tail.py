"""The line that a terminal shows for a message."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest

from orchestrator.cli.seen import Seen
from orchestrator.cli.tail import line


def seen(key: str) -> Seen:
    """A message with long names and much data."""
    return Seen(
        id="1",
        type="PermitApplicationSubmitted",
        key=key,
        source="orchestrator",
        rule="complaints.PermitApplicationSubmitted",
        channel="permits.v1",
        time=datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
        timed=True,
        causation_id=None,
        data={"text": "x" * 500},
    )


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("key", ["C-991", "26342ddba13f45f889978d7a703dffdb"])
def test_a_line_fits_the_terminal_and_keeps_the_key_whole(width: int, key: str) -> None:
    """Wrapped lines cannot be read in columns, and half a key cannot be traced."""
    shown = click.unstyle(line(seen(key), width))

    assert len(shown) <= width
    assert f" {key} " in shown
    assert "Permit" in shown
