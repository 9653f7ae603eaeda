"""Runs a long-lived process: logs set up, start and stop said. Knows nothing of its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import uvloop

from orchestrator import __version__
from orchestrator.telemetry import log_events, logs

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from orchestrator.settings import Settings


def set_up_logs(settings: Settings) -> None:
    """Write logs as `settings` say, from here on."""
    logs.configure(settings.log_level, settings.log_format)


def run_to_end(work: Coroutine[object, object, None], settings: Settings, role: str) -> None:
    """Run `work` until it returns by itself; it handles the signals.

    Args:
        work: what to run.
        settings: say how logs are written.
        role: what the process is, for the logs.
    """
    set_up_logs(settings)
    log = structlog.get_logger()
    log.info(log_events.STARTED, role=role, version=__version__)
    uvloop.run(work)
    log.info(log_events.STOPPED, role=role)
