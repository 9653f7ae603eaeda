"""``make demo``: plays a day at the labor office and checks that everything came out right."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import uuid
from pathlib import Path

from showcase.children import Ended, cause, interruptible
from showcase.installation import variables
from showcase.play import Unexpected, play
from showcase.watching import TooLate

from orchestrator.errors import OrchestratorError

INTERRUPTED = 130


def main() -> int:
    """Play the demo and return the exit code."""
    seconds = _parser().parse_args().timeout
    folder = Path(tempfile.mkdtemp(prefix="orchestrator-demo-"))
    os.environ.update(variables(f"demo-{uuid.uuid4().hex[:4]}"))
    try:
        asyncio.run(interruptible(play(seconds, folder)))
    except asyncio.CancelledError:
        shutil.rmtree(folder)
        return INTERRUPTED
    except (OrchestratorError, Ended, TooLate, Unexpected, ExceptionGroup) as error:
        print(f"error: {cause(error)}", file=sys.stderr)
        if any(folder.iterdir()):
            print(f"what the daemon and the services said is in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="examples/demo.py",
        description="Play a day at the labor office. RabbitMQ and Redis are those that"
        " ORCHESTRATOR_AMQP_URL and ORCHESTRATOR_REDIS_URL name; `make demo` starts them.",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long it may take from the first message to the last (default: 60)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
