"""``make run``: the daemon and the sample services in the foreground, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import sys

from rich.console import Console
from showcase import welcome
from showcase.children import ROOT, Ended, cause, guarded, interruptible, running
from showcase.installation import apply, parts, until_ready
from showcase.logbook import Logbook

from orchestrator.cli.context import read_settings
from orchestrator.errors import OrchestratorError
from orchestrator.service.registry import installed

HTTP_PORTS = (8080, 8081, 8082, 8083, 8084)
ALONE = frozenset({"notify", "hr", "permits"})
"""The services with a process of their own; all others share one."""
FOLDERS = {
    "NOTIFY_MAILDIR": "mail",
    "DOCUMENTS_FOLDER": "documents",
    "ARCHIVE_FOLDER": "archive",
}
"""Where the services put files, in .run/ if nothing else is said."""


def main() -> int:
    """Run everything and return the exit code."""
    os.environ["ORCHESTRATOR_LOG_FORMAT"] = "json"  # the logbook reads it
    for variable, folder in FOLDERS.items():
        os.environ.setdefault(variable, str(ROOT / ".run" / folder))
    console = Console(highlight=False)
    try:
        asyncio.run(interruptible(_run(console)))
    except asyncio.CancelledError:
        console.print("everything has ended", style="dim")
        return 0
    except (OrchestratorError, Ended, ExceptionGroup) as error:
        print(f"error: {cause(error)}", file=sys.stderr)
        return 1
    return 0


async def _run(console: Console) -> None:
    """Run everything until we are cancelled.

    Raises:
        Ended: a part ended before all were ready, or all of them have ended by themselves.
        OrchestratorError: RabbitMQ or Redis cannot be used.
        ExceptionGroup: of one of these.
    """
    settings = read_settings()
    await apply(settings)
    offices = [name for name in installed() if name not in ALONE]
    programs = parts("notify", offices, HTTP_PORTS)
    logbook = Logbook(console)
    async with running(programs, logbook.write) as children:
        async with guarded(children):
            await until_ready(children)
        welcome.show(console, settings, programs)
        try:
            await asyncio.gather(*(logbook.note_end(child) for child in children))
        except asyncio.CancelledError:
            console.print("\nending in order: first the daemon, then the services", style="dim")
            raise
    raise Ended("the daemon and all services have ended")


if __name__ == "__main__":
    sys.exit(main())
