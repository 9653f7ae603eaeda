"""Runs a command with RabbitMQ and Redis up around it: ``python -m orchestrator.local -- CMD``."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import OrchestratorError
from orchestrator.local.instance import tied_to_us
from orchestrator.local.resolver import running
from orchestrator.local.sources import RABBITMQ, REDIS, find, this_machine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from orchestrator.local.services import Services


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: the command's own, or 1 without services."""
    options = _parser().parse_args(arguments)
    # Until there is a command to forward it to, it ends us as Ctrl-C does: in order.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if not options.command:
            _show_sources()
            return 0
        return _run_beside_services(options)
    except OrchestratorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.local",
        description="Run COMMAND with RabbitMQ and Redis up and their URLs in its environment. "
        "Without COMMAND, say where they would come from.",
    )
    parser.add_argument("--management", action="store_true", help="serve RabbitMQ's web UI too")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep the data in FOLDER, and use the usual ports if they are free",
    )
    parser.add_argument("command", nargs="*", metavar="-- COMMAND", help="what to run")
    return parser


def _show_sources() -> None:
    machine = this_machine()
    for kind in (RABBITMQ, REDIS):
        print(f"{kind.name}: {find(kind, os.environ, machine)}")


def _run_beside_services(options: argparse.Namespace) -> int:
    began = time.monotonic()
    print("bringing up RabbitMQ and Redis ...", file=sys.stderr)
    with running(folder=options.keep, management=options.management) as services:
        _announce(services, time.monotonic() - began)
        return _run(options.command, os.environ | services.environ)


def _announce(services: Services, seconds: float) -> None:
    print(f"services ({services.origin}) are up after {seconds:.1f} s:", file=sys.stderr)
    for variable, url in services.environ.items():
        if os.environ.get(variable) != url:  # what the caller gave may hold a real password
            print(f"  export {variable}={url}", file=sys.stderr)


def _run(command: Sequence[str], environ: dict[str, str]) -> int:
    if shutil.which(command[0]) is None:
        print(f"error: there is no command {command[0]}", file=sys.stderr)
        return 127
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        # On a terminal, Ctrl-C reaches the command without us.
        if number == signal.SIGINT and sys.stdin.isatty():
            return
        if child is None:
            early.append(number)
        else:
            child.send_signal(number)

    # Before the command starts: it may tell somebody that it runs, who ends us at once.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    child = subprocess.Popen([*tied_to_us(), *command], env=environ)
    for missed in early:
        child.send_signal(missed)
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
