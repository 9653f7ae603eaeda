from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.rabbit.administration import Administration

if TYPE_CHECKING:
    from orchestrator.local import Services

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(120)  # several processes start, on whatever machine


def play(services: Services, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "examples/demo.py", *arguments],
        cwd=ROOT,
        env=os.environ | services.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


@pytest.fixture(scope="module")
def played(
    services: Services, tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    return play(services, tmp_path_factory.mktemp("demo"))


def test_comes_out_right(played: subprocess.CompletedProcess[str]) -> None:
    """The first thing that people run must work: it checks its own outcome, and we its word."""
    assert (played.returncode, played.stderr) == (0, "")


@pytest.mark.parametrize(
    "line",
    [
        "events 26/26  commands 77/77  replies 77/77  retries 2/2  dead letters 3/3  open 0",
        "✓ 23 cases, each with exactly the messages that it must lead to",
        "✓ C-1003 came twice and was handled once",
        "C-1010: 9 messages, 1 dead letter",
        "elif.kaya@example.org\tWe received your complaint C-1005\t3",
        "schema-violation\t",
        "not-json\t",
        "rejected\tconsumers.notify.service.acknowledge\t1\tthe mail server says 550",
        "make run",
    ],
)
def test_shows_what_happened(played: subprocess.CompletedProcess[str], line: str) -> None:
    """Piped, every fact is a plain line: numbers, a trace, mails, dead letters, what to do next."""
    assert line in played.stdout


def test_piped_it_draws_nothing(played: subprocess.CompletedProcess[str]) -> None:
    """A log of the demo must be readable: no escape sequences, nothing redrawn."""
    assert not re.search(r"[\x1b\r]", played.stdout)


def test_says_what_is_missing_when_time_is_up(services: Services, tmp_path: Path) -> None:
    """The negative control: a demo that does not come to its end must not look as if it had."""
    failed = play(services, tmp_path, "--timeout", "0")

    assert failed.returncode == 1
    assert re.search(r"not finished after 0 s: .*commands \d+ instead of 77", failed.stderr)
    [folder] = tmp_path.iterdir()
    assert str(folder) in failed.stderr
    assert (folder / "daemon.log").exists()


async def test_leaves_nothing_on_the_broker(
    services: Services, played: subprocess.CompletedProcess[str]
) -> None:
    """It may run on a broker that others use: what it declared is gone afterwards."""
    [name] = set(re.findall(r"demo-[0-9a-f]{4}", played.stdout))
    async with Administration.connect(services.amqp_url) as administration:
        left = [
            queue
            for queue in (f"{name}.orchestrator", f"{name}.notify.dlq", f"{name}.log")
            if await administration.status(queue)
        ]
    assert left == []


@pytest.mark.parametrize("count", [0, 2])
def test_notices_a_wrong_outcome(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Its own check must be able to fail: a message too few or too many is named."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    cast, record, verdict = (
        importlib.import_module(f"showcase.{name}") for name in ("cast", "record", "verdict")
    )
    found = record.Record()
    found.cases.update({key: case.outcome() for key, case in cast.CASES.items()})
    found.cases["C-1001"]["AssignInvestigator"] = count

    named = list(verdict.problems(found, cast.REFUSED.elements(), []))

    assert named[0] == f"C-1001: {count} x AssignInvestigator instead of 1"
