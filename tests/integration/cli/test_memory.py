"""What is remembered, as people and scripts see and cancel it: real processes, piped."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.redis import RedisStore
from orchestrator.core.decision import Later
from orchestrator.core.event import Outgoing
from orchestrator.core.ids import ReactionId, content_digest
from orchestrator.core.later import keep
from orchestrator.core.status import Status
from orchestrator.ports import Commit, InstanceKey, InstanceWrite, Reaction
from tests.unit.core.workflow.build import step, workflow
from tests.unit.core.workflow.play import Play

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.integration.cli.conftest import Shell

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


def remembered(rule: str, key: str, due: datetime | None = None) -> InstanceWrite:
    return InstanceWrite(InstanceKey(rule, key), None, Status.WAITING, b'{"seen": [1, 2]}', due)


def kept(key: str, message_id: str, due: datetime) -> InstanceWrite:
    outgoing = Outgoing(
        id=message_id,
        type="RemindInvestigator",
        channel="hr.v1",
        source="orchestrator",
        time=NOW,
        data={},
        correlation_id=key,
    )
    state = keep(Later(due, outgoing))
    at = InstanceKey("remind", key).of_message(message_id)
    return InstanceWrite(at, None, Status.WAITING, state, due)


@pytest.fixture
async def shell(shell: Shell) -> Shell:
    """A shell in an installation that remembers something of two keys."""
    await fill(
        shell,
        [
            (NOW - 3 * HOUR, remembered("join", "C-1", NOW + HOUR)),
            (NOW - 2 * HOUR, remembered("count", "C-1")),
            (NOW - HOUR, remembered("join", "C-2", NOW + 3 * HOUR)),
            (NOW, kept("C-1", "a1", NOW + 2 * HOUR)),
            (NOW, kept("C-1", "b2", NOW - 2 * HOUR)),
        ],
    )
    return shell


async def fill(shell: Shell, writes: Iterable[tuple[datetime, InstanceWrite]]) -> None:
    environment = shell.environment
    store = RedisStore(
        environment["ORCHESTRATOR_REDIS_URL"], namespace=environment["ORCHESTRATOR_NAMESPACE"]
    )
    for changed, write in writes:
        reaction = Reaction(ReactionId(content_digest(repr(write.at).encode())), ())
        await store.commit([Commit(write.at.key, (reaction,), (write,))], changed)
    await store.close()


def listed(shell: Shell, *arguments: str) -> list[str]:
    rows = json.loads(shell.run(*arguments, "--json").stdout)
    return [f"{row['rule']} {row['key']}" + f" {row.get('message') or ''}".rstrip() for row in rows]


def test_instances_are_listed_page_by_page(shell: Shell) -> None:
    """What a full page says on standard error is enough to go on."""
    whole = ["join C-2", "count C-1", "join C-1"]
    assert listed(shell, "instances", "list") == whole
    assert listed(shell, "instances", "list", "--rule", "join") == ["join C-2", "join C-1"]
    first = shell.run("instances", "list", "--limit", "2")
    assert [line.split("\t")[3:5] for line in first.stdout.splitlines()] == [
        ["join", "C-2"],
        ["count", "C-1"],
    ]
    told = re.search(r"--after (\S+)", first.stderr)
    assert told
    assert listed(shell, "instances", "list", "--limit", "2", "--after", told[1]) == whole[2:]


def test_what_is_stuck_comes_first_that_waits_longest(shell: Shell) -> None:
    """The question of whoever is on call."""
    assert listed(shell, "instances", "list", "--stuck", "90m") == ["join C-1", "count C-1"]


def test_an_instance_is_shown_in_full(shell: Shell) -> None:
    """Several rules may remember one key."""
    shown = json.loads(shell.run("instances", "show", "C-1", "--json").stdout)
    assert [(each["rule"], each["state"]) for each in shown] == [
        ("count", {"seen": [1, 2]}),
        ("join", {"seen": [1, 2]}),
    ]
    plain = shell.run("instances", "show", "C-1", "--rule", "count").stdout
    assert plain.startswith("count  C-1\n  status    waiting\n  changed  ")
    assert '"seen": [' in plain


def test_instances_are_cancelled_and_nothing_else(shell: Shell) -> None:
    """A trial run changes nothing; the timer goes with the instance."""
    dry = shell.run("instances", "cancel", "C-1", "--rule", "join", "--dry-run")
    assert dry.stdout == "join C-1 would be cancelled\n"
    assert len(listed(shell, "instances", "list")) == 3

    done = shell.run("instances", "cancel", "C-1", "--rule", "join")
    assert (done.returncode, done.stdout) == (0, "join C-1 cancelled\n")
    assert listed(shell, "instances", "list") == ["join C-2", "count C-1"]
    assert "join C-1" not in listed(shell, "timers", "list")

    assert listed(shell, "instances", "cancel", "C-1") == ["count C-1"]
    assert listed(shell, "timers", "list", "--key", "C-1") == ["remind C-1 b2", "remind C-1 a1"]


async def test_a_key_of_rules_and_workflows_is_one_document(shell: Shell) -> None:
    """A program reads one, whatever has the key."""
    instance = Play(workflow(step("A"))).start().instance
    assert instance is not None
    at = InstanceKey("flow", "C-1")
    await fill(shell, [(NOW, InstanceWrite(at, None, instance.status, instance.state))])

    done = shell.run("instances", "cancel", "C-1", "--dry-run", "--json")

    assert [(row.get("rule"), row.get("workflow")) for row in json.loads(done.stdout)] == [
        ("count", None),
        ("join", None),
        (None, "flow"),
    ]


def test_timers_are_listed_as_they_are_due(shell: Shell) -> None:
    """What comes next, of what kind, and what is late."""
    rows = json.loads(shell.run("timers", "list", "--json").stdout)
    assert [(row["kind"], row["key"], row["type"]) for row in rows] == [
        ("message", "C-1", "RemindInvestigator"),
        ("rule", "C-1", None),
        ("message", "C-1", "RemindInvestigator"),
        ("rule", "C-2", None),
    ]
    assert rows[0]["in"].startswith("-2 h")
    assert listed(shell, "timers", "list", "--before", "90m") == ["remind C-1 b2", "join C-1"]
    assert listed(shell, "timers", "list", "--rule", "join", "--limit", "1") == ["join C-1"]


def test_timers_are_called_off_one_or_all(shell: Shell) -> None:
    """A message is never sent; an instance is still remembered."""
    dry = shell.run("timers", "cancel", "C-1", "--dry-run")
    assert len(dry.stdout.splitlines()) == 3
    one = shell.run("timers", "cancel", "C-1", "--message", "a")
    assert one.stdout == "remind C-1 message a1 cancelled\n"
    assert listed(shell, "timers", "cancel", "C-1") == ["remind C-1 b2", "join C-1"]
    assert listed(shell, "timers", "list") == ["join C-2"]
    assert "join C-1" in listed(shell, "instances", "list")


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        ("instances show C-404", 1, "nothing is remembered under the key C-404"),
        (
            "instances cancel C-1 --rule other",
            1,
            "nothing is remembered by other under the key C-1",
        ),
        ("timers cancel C-404", 1, "no such timer is set for the key C-404"),
        ("instances list --after C-1", 2, "is no place in the list"),
        ("instances list --stuck ever", 2, "is no length of time"),
        ("timers list --limit 0", 2, "--limit"),
    ],
)
def test_what_cannot_be_done_is_one_line(command: str, code: int, told: str, shell: Shell) -> None:
    """It says what, and what to do."""
    result = shell.run(*command.split())
    assert (result.returncode, result.stdout) == (code, "")
    (line,) = result.stderr.splitlines()
    assert told in line


def test_a_redis_that_is_away_is_one_line(shell: Shell) -> None:
    """No traceback, no password."""
    shell.environment["ORCHESTRATOR_REDIS_URL"] = "redis://:hunter2@127.0.0.1:1/"
    for command in ("instances list", "instances cancel C-1", "timers list"):
        result = shell.run(*command.split())
        (line,) = result.stderr.splitlines()
        assert (result.returncode, "Redis at 127.0.0.1:1" in line) == (1, True)
        assert "hunter2" not in line


def test_pages_of_timers_go_on_where_the_last_one_ended(shell: Shell) -> None:
    """Half of a million timers is no answer to what is due."""
    every = json.loads(shell.run("timers", "list", "--json").stdout)
    first = json.loads(shell.run("timers", "list", "--limit", "3", "--json").stdout)
    after = first[-1]["cursor"]
    rest = json.loads(shell.run("timers", "list", "--after", after, "--json").stdout)
    assert [row["cursor"] for row in (*first, *rest)] == [row["cursor"] for row in every]


def test_what_has_ended_is_listed_and_shown(shell: Shell) -> None:
    """In the evening somebody asks what became of a case."""
    shell.run("instances", "cancel", "C-1", "--rule", "join")
    assert listed(shell, "instances", "list", "--status", "waiting") == ["join C-2", "count C-1"]
    (row,) = json.loads(shell.run("instances", "list", "--status", "cancelled", "--json").stdout)
    assert (row["rule"], row["key"], row["status"], row["kept"]) == (
        "join",
        "C-1",
        "cancelled",
        False,
    )
    after = ("--after", row["cursor"])
    assert listed(shell, "instances", "list", "--status", "cancelled", *after) == []
    assert "another list" in shell.run("instances", "list", *after).stderr
    shown = json.loads(shell.run("instances", "show", "C-1", "--json").stdout)
    assert [(each["rule"], each["status"]) for each in shown] == [
        ("count", "waiting"),
        ("join", "cancelled"),
    ]


async def test_what_a_change_means_for_open_cases_is_told_to_programs_too(shell: Shell) -> None:
    """A pipeline decides on it before it takes a change in."""
    (shell.folder / "rules.yaml").write_text("[]\n")
    old = replace(remembered("join", "C-3"), revision="0badc0ffee00")
    await fill(shell, [(NOW, old)])
    check = ("rules", "check", "rules.yaml", "--live")
    assert "live: rule join is gone: 1 open instance stays" in shell.run(*check).stderr
    assert "live" not in json.loads(shell.run(*check[:-1], "--json").stdout)
    (told,) = json.loads(shell.run(*check, "--json").stdout)["live"]
    assert told.pop("message").startswith("rule join is gone: 1 open instance stays on revision")
    assert told == {"rule": "join", "revision": "0badc0ffee00", "instances": 1}

    part = shell.run("rules", "check", "rules/complaints.yaml", "--live").stderr
    assert "join" not in part, "it may stand in another file of the folder"
    assert "check the whole folder for the others" in part


async def test_a_kept_message_that_failed_is_found_and_sent_again(shell: Shell) -> None:
    """Nothing else reminds of it: it has no timer, and is no open instance."""
    assert listed(shell, "timers", "list", "--failed") == []
    nothing = shell.run("timers", "retry", "C-2")
    assert (nothing.returncode, "nothing has failed" in nothing.stderr) == (1, True)
    failed = kept("C-9", "f9", NOW)
    await fill(shell, [(NOW, replace(failed, status=Status.INCIDENT, due=None))])
    assert listed(shell, "timers", "list", "--failed") == ["remind C-9 f9"]
    assert listed(shell, "timers", "list", "--key", "C-9") == []
    done = shell.run("timers", "retry", "C-9")
    assert done.stdout == "remind C-9 message f9 set again\n"
    assert listed(shell, "timers", "list", "--failed") == []
    assert listed(shell, "timers", "list", "--key", "C-9") == ["remind C-9 f9"]
