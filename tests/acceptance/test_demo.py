from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.cli.seen import Seen
from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable

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
        "events 29/29  commands 88/88  replies 88/88  retries 2/2  dead letters 3/3  open 0",
        "✓ 23 cases, each with exactly the messages that it must lead to",
        "✓ C-1003 came twice and was handled once",
        "✓ C-1012: nobody took it, so a timer gave it to ",
        "✓ Harbor Logistics: 3 complaints in a row, so the analysts have a mail",
        "shortened for this demo: nobody-assigned 6 s (2d), repeat-offender 60 s (30d)",
        "C-1010: 9 messages, 1 dead letter",
        "C-1012: 13 messages",
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
    assert re.search(r"not finished after 0 s: .*commands \d+ instead of 88", failed.stderr)
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


@pytest.fixture
def showcase(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Imports a module of the demo."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    return lambda name: importlib.import_module(f"showcase.{name}")


@pytest.mark.parametrize("count", [0, 2])
def test_notices_a_wrong_outcome(showcase: Callable[[str], Any], count: int) -> None:
    """Its own check must be able to fail: a message too few or too many is named."""
    cast, record, verdict = map(showcase, ("cast", "record", "verdict"))
    found = record.Record()
    found.cases.update({key: case.outcome() for key, case in cast.CASES.items()})
    found.cases["C-1001"]["AssignInvestigator"] = count

    named = list(verdict.problems(found, cast.REFUSED.elements(), []))

    assert named[0] == f"C-1001: {count} x AssignInvestigator instead of 1"


@pytest.mark.parametrize(("seconds", "complaints"), [(5.999, 1), (6.0, 0)])
def test_notices_a_timer_that_fires_early(
    showcase: Callable[[str], Any], seconds: float, complaints: int
) -> None:
    """A timer may be late, never early: the demo looks at the times that the messages say."""
    cast, record, verdict = map(showcase, ("cast", "record", "verdict"))
    found, filed = record.Record(), datetime(2026, 3, 2, 9, tzinfo=UTC)
    for name, passed in (("ComplaintFiled", 0.0), ("EscalateCase", seconds)):
        found.add(seen(name, cast.ESCALATED.key, filed + timedelta(seconds=passed)))

    named = list(verdict.problems(found, cast.REFUSED.elements(), []))

    assert sum("was escalated after 5.999 s, before 6 s" in each for each in named) == complaints


def test_shortens_what_it_names_and_nothing_else(
    showcase: Callable[[str], Any], tmp_path: Path
) -> None:
    """The demo must play the rules that are shipped: only these windows differ."""
    before = showcase("windows").shortened(ROOT / "rules", tmp_path / "rules", {"admission": 3})

    differences = [
        (old, new)
        for file in (ROOT / "rules").glob("*.yaml")
        for old, new in zip(
            file.read_text().splitlines(),
            (tmp_path / "rules" / file.name).read_text().splitlines(),
            strict=True,
        )
        if old != new
    ]
    assert before == {"admission": "14d"}
    assert differences == [("    within: 14d", "    within: 3s")]


@pytest.mark.parametrize("rule", ["nobody-knows-it", "application-intake"])
def test_cannot_shorten_what_is_not_there(
    showcase: Callable[[str], Any], tmp_path: Path, rule: str
) -> None:
    """A rule that was renamed would wait for two days: better to fail at once."""
    with pytest.raises(Misconfigured, match=f"no rule {rule} with a window"):
        showcase("windows").shortened(ROOT / "rules", tmp_path / "rules", {rule: 3})


def seen(name: str, key: str, time: datetime) -> Seen:
    return Seen(
        id=f"{key}-{name}",
        type=name,
        key=key,
        source="test",
        rule=None,
        channel="test",
        time=time,
        timed=True,
        causation_id=None,
        data={},
    )
