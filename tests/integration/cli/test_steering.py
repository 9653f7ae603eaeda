"""Workflows steered from the command line: one daemon, broker and store, and many cases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.cli.office import answer, begin, look, step, told, until

if TYPE_CHECKING:
    from tests.integration.cli.office import Desk

pytestmark = pytest.mark.timeout(180)


def test_who_waits_in_vain_hears_where_to_look(office: Desk) -> None:
    """It may not have begun at all: then only `explain` knows why."""
    waited = office.run("workflows", "start", "permit", "{}", "--key", "a case", "--wait", "100ms")

    assert (waited.returncode, waited.stdout) == (0, "a case\n")
    for command in ("instances show", "explain"):
        assert f"`orchestrator {command} 'a case'`" in waited.stderr


def test_a_case_from_start_to_end(office: Desk) -> None:
    """Start, list, show, decide, end: what a clerk does with one case."""
    begin(office, "permit", "case-1")
    listed = told(office, "instances", "list", "--workflow", "permit")
    wrong = office.run("instances", "approve", "case-1", "release", "--role", "clerk")
    empty = office.run("instances", "approve", "case-1", "release", "--role", "supervisor")
    given = office.run(
        *("instances", "approve", "case-1", "release", "--role", "supervisor"),
        *("--data", '{"amount": 5}', "--by", "ines", "--comment", "as agreed"),
    )
    ahead = until(office, "case-1", lambda shown: bool(step(shown, "later")))
    skipped = office.run("instances", "skip", "case-1", "later")
    done = until(office, "case-1", lambda shown: shown["status"] == "completed")
    again = office.run("instances", "skip", "case-1", "later")
    drawn = office.run("instances", "show", "case-1").stdout

    assert "case-1" in [each["key"] for each in listed]
    assert (wrong.returncode, empty.returncode) == (1, 1)
    assert "refused: step release waits for the role supervisor, not clerk" in wrong.stdout
    assert "refused" in empty.stdout
    assert (given.returncode, skipped.returncode) == (0, 0), given.stderr + skipped.stderr
    assert step(ahead, "release")["output"] == {
        "decision": "approved",
        "by": "ines",
        "role": "supervisor",
        "comment": "as agreed",
        "data": {"amount": 5},
    }
    assert [each["status"] for each in done["steps"]] == ["completed", "completed", "skipped"]
    assert (again.returncode, "no workflow has an open instance" in again.stderr) == (1, True)
    assert "completed, started" in drawn
    # What was refused before it was sent is nobody's dead letter.
    assert (
        told(
            office,
            "dlq",
            "list",
            "--queue",
            office.shell.environment["ORCHESTRATOR_QUEUE"] + ".dlq",
        )
        == []
    )


def test_a_case_that_is_suspended(office: Desk) -> None:
    """Answers are taken in, nothing goes on, and what was taken in counts when it is resumed."""
    begin(office, "permit", "case-2", answered=False)
    suspended = office.run("instances", "suspend", "case-2", "--comment", "audit")
    twice = office.run("instances", "suspend", "case-2")
    retried = office.run("instances", "retry", "case-2", "review")
    answer(office, "case-2")
    stopped = look(office, "case-2")
    resumed = office.run("instances", "resume", "case-2")
    after = until(office, "case-2", lambda shown: bool(step(shown, "release")))

    assert suspended.stdout == "permit case-2: suspended\n"
    assert "refused: it is suspended already" in twice.stdout
    assert "refused: it is suspended: resume it first" in retried.stdout
    assert [each["name"] for each in stopped["steps"]] == ["review"]
    assert resumed.returncode == 0
    assert step(after, "release")["status"] == "running"


def test_a_command_is_sent_again(office: Desk) -> None:
    """Its service lost it; a person sees to it that it is asked a second time."""
    begin(office, "permit", "case-3", answered=False)
    unknown = office.run("instances", "retry", "case-3", "reviw")
    assert office.run("instances", "retry", "case-3", "review").returncode == 0
    after = until(office, "case-3", lambda shown: step(shown, "review")["attempts"] == 2)

    assert "refused: it has no step reviw: open are review" in unknown.stdout
    assert step(after, "review")["status"] == "running"


@pytest.mark.parametrize(
    ("key", "order", "end"),
    [
        ("case-4", ("reject", "case-4", "release", "--role", "supervisor"), "faulted"),
        ("case-5", ("cancel", "case-5"), "cancelled"),
    ],
)
def test_what_was_done_is_taken_back(office: Desk, key: str, order: Any, end: str) -> None:
    """A case that a person rejects or cancels leaves nothing behind."""
    begin(office, "permit", key)
    until(office, key, lambda shown: bool(step(shown, "release")))
    given = office.run("instances", *order)
    undoing = until(office, key, lambda shown: bool(step(shown, "review")["compensation"]))
    refused = office.run("instances", "cancel", key)
    office.run("publish", "Undone", "{}", "--key", key)
    done = until(office, key, lambda shown: shown["ended_at"] is not None)

    assert (given.returncode, given.stdout) == (0, f"permit {key}: compensating\n")
    assert undoing["status"] == "compensating"
    assert "it is compensating already" in refused.stdout
    assert done["status"] == end
    assert step(done, "review")["compensation"]["status"] == "completed"


def test_each_end_of_a_key_is_told_as_it_was(office: Desk) -> None:
    """A key may be used again; how it ended before must not look like how it ended last."""
    for order in (("reject", "case-8", "release", "--role", "supervisor"), ("cancel", "case-8")):
        begin(office, "permit", "case-8")
        until(office, "case-8", lambda shown: shown["status"] == "waiting")
        office.run("instances", *order)
        until(office, "case-8", lambda shown: bool(step(shown, "review")["compensation"]))
        office.run("publish", "Undone", "{}", "--key", "case-8")
        until(office, "case-8", lambda shown: shown["ended_at"] is not None)

    last, before = told(office, "instances", "show", "case-8")
    assert (last["status"], before["status"]) == ("cancelled", "faulted")
    assert ("steps" in last, "steps" in before) == (True, False)


def test_an_incident_is_ended_by_a_person(office: Desk) -> None:
    """It says why it cannot go on, and stays until somebody says what is to be done."""
    begin(office, "stubborn", "case-6")
    office.run("instances", "cancel", "case-6")
    stuck = until(office, "case-6", lambda shown: shown["status"] == "incident")
    found = told(office, "instances", "list", "--status", "incident", "--workflow", "stubborn")
    resolved = office.run("instances", "resolve", "case-6", "--comment", "done by hand")
    done = until(office, "case-6", lambda shown: shown["ended_at"] is not None)

    assert stuck["incidents"] == {"review~": "no answer within 100ms"}
    assert [each["key"] for each in found] == ["case-6"]
    assert resolved.returncode == 0
    assert done["status"] == "cancelled"


def test_a_case_is_watched_to_its_end(office: Desk) -> None:
    """A script reads one document for each change, and stops with the instance."""
    begin(office, "permit", "case-7")
    until(office, "case-7", lambda shown: bool(step(shown, "release")))
    with office.shell.start("instances", "watch", "case-7") as watching:
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        approve = (
            "approve",
            "case-7",
            "release",
            "--role",
            "supervisor",
            "--data",
            '{"amount": 1}',
        )
        office.run("instances", *approve)
        office.run("instances", "skip", "case-7", "later")
        rest = [json.loads(line) for line in watching.stdout]
        assert watching.wait(timeout=30) == 0

    assert step(first, "release")["status"] == "running"
    assert rest[-1]["status"] == "completed"


def test_many_cases_at_once(office: Desk) -> None:
    """What is meant can be seen before, and afterwards what came of each."""
    keys = ["batch-1", "batch-2", "batch-3"]
    for key in keys:
        begin(office, "permit", key, answered=False)
    choice = ("--filter", 'workflow == "permit" && key.startsWith("batch-")')
    looked = told(office, "instances", "suspend", *choice, "--dry-run")
    untouched = look(office, "batch-1")["status"]
    suspended = told(office, "instances", "suspend", *choice)
    office.run("instances", "resume", "batch-2")
    mixed = office.run("instances", "resume", *choice)
    wrong = office.run("instances", "cancel", "--filter", "unchanged > 5")
    cancelled = told(office, "instances", "cancel", *choice)

    assert {each["key"]: each["result"] for each in looked} == dict.fromkeys(
        keys, "would be asked for"
    )
    assert untouched == "running"
    assert {each["key"]: each["result"] for each in suspended} == dict.fromkeys(keys, "suspended")
    assert mixed.returncode == 1
    assert mixed.stdout.count("running\n") == 2
    assert "batch-2\trunning\trefused: it is not suspended" in mixed.stdout
    assert (wrong.returncode, "--filter: " in wrong.stderr) == (1, True)
    assert {each["key"] for each in cancelled} == set(keys)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("instances cancel", 2, "name one instance by its KEY, or many with --filter"),
        ("instances suspend K --filter true", 2, "by its KEY, or many with --filter"),
        ("instances suspend --filter 'size('", 1, "--filter: "),
        ("instances suspend --filter stats", 1, "did you mean status"),
        ("instances suspend nobody", 1, "no workflow has an open instance for nobody"),
        ("instances watch nobody", 1, "no workflow has an instance for nobody"),
        ("instances approve K s", 2, "--role"),
        ("instances approve K s --role r --data {", 1, "not JSON"),
        ("workflows show permits", 1, "did you mean permit?"),
        ("workflows start permits", 1, "did you mean permit?"),
        ("workflows start permit {} --key ''", 1, "a key has 1 to 200 characters"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(office: Desk, line: str, code: int, said: str) -> None:
    """On one line, without a traceback."""
    arguments = [word.strip("'") for word in line.split(" ")]
    done = office.run(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
