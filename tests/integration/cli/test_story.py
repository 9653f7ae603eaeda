"""One case from the first message to the answer on call, with nothing but the commands."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.integration.cli.conftest import Shell


@contextmanager
def running(shell: Shell, *arguments: str, until: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command until the block ends; the block begins once its log says `until`."""
    with shell.start(*arguments) as process:
        try:
            assert process.stderr is not None
            assert any(f'"event":"{until}"' in line for line in process.stderr), arguments
            yield process
        finally:
            process.kill()


def await_types(process: subprocess.Popen[str], types: set[str]) -> None:
    """Read what a tail prints until each of `types` was there."""
    assert process.stdout is not None
    missing = set(types)
    while missing:
        missing.discard(json.loads(process.stdout.readline())["type"])


def test_a_complaint_is_followed_from_filing_to_assignment(applied: Shell, unique: str) -> None:
    """Whoever is on call gets one ordered answer, and it names what failed."""
    complaint = applied.run("schemas", "show", "ComplaintFiled", "--examples").stdout.splitlines()[
        1
    ]
    with (
        running(applied, "run", until="rulebook_loaded"),
        running(applied, "consumers", "run", "notify", "hr", until="http_listening"),
        applied.start("tail", "--from", "first", "--key", unique, "--json") as tail,
    ):
        try:
            applied.run("publish", "ComplaintFiled", complaint, "--key", unique)
            await_types(tail, {"AcknowledgmentSent", "InvestigatorAssigned"})
        finally:
            tail.kill()

    steps = json.loads(applied.run("trace", unique, "--json").stdout)["steps"]
    placed = {step["type"]: (step["depth"], step["rule"]) for step in steps}
    assert placed["ComplaintFiled"] == (0, None)
    assert placed["SendAcknowledgment"] == (1, "complaints.ComplaintFiled")
    assert placed["AcknowledgmentSent"] == (2, None)
    assert placed["InvestigatorAssigned"] == (2, None)
