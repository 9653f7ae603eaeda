"""Commands as people and scripts run them: real processes, real services, piped."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.core.deadletter import dead_letter
from orchestrator.core.event import Delivery
from orchestrator.topology import Names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.cli.conftest import Shell


def test_apply_may_be_repeated(shell: Shell) -> None:
    """It runs before every start, by hand and by machines."""
    first, second = shell.run("apply"), shell.run("apply")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout
    assert f"queue\t{shell.environment['ORCHESTRATOR_QUEUE']}\n" in first.stdout


def test_what_is_published_is_tailed_and_traced(applied: Shell, unique: str) -> None:
    """The three commands tell one story: what goes in comes out, under its key."""
    published = applied.run("publish", "ComplaintWithdrawn", '{"reason": "x"}', "--key", unique)
    message_id = published.stdout.strip()
    assert published.returncode == 0

    tailed = applied.run("tail", "--from", "first", "--no-follow", "--key", unique, "--json")
    line = json.loads(tailed.stdout)
    assert (line["id"], line["type"], line["data"]) == (
        message_id,
        "ComplaintWithdrawn",
        {"reason": "x"},
    )

    traced = json.loads(applied.run("trace", unique, "--json").stdout)
    assert [(step["id"], step["depth"]) for step in traced["steps"]] == [(message_id, 0)]


def test_many_lines_are_published_from_standard_input(applied: Shell, unique: str) -> None:
    """A file of events is how data gets in from elsewhere; ``--type`` and ``--key`` pick it out."""
    lines = "".join(f'{{"reason": "{number}"}}\n' for number in range(600))
    arguments = ("ComplaintWithdrawn", "-", "--lines", "--key", unique)
    ids = applied.run("publish", *arguments, given=lines).stdout.split()
    applied.run("publish", "CaseClosed", "--key", unique)
    assert len(ids) == 600

    selected = ("--type", "ComplaintWithdrawn", "--key", unique)
    tailed = applied.run("tail", "--from", "first", "--no-follow", *selected, "--json")
    assert [json.loads(line)["id"] for line in tailed.stdout.splitlines()] == ids


def test_a_start_after_the_newest_message_ends_at_once(applied: Shell, unique: str) -> None:
    """``--from 1m`` on a quiet evening must say that there was nothing, and not wait for more."""
    applied.run("publish", "ComplaintWithdrawn", "--key", unique)
    tailed = applied.run("tail", "--from", "2099-01-01T00:00:00Z", "--no-follow")
    assert (tailed.returncode, tailed.stdout) == (0, "")


def test_dead_letters_are_listed_shown_redriven_and_purged(shell: Shell) -> None:
    """What found no queue is kept, and a person can see it, send it again, or drop it."""
    shell.run("apply")
    queue = f"{shell.environment['ORCHESTRATOR_EXCHANGE']}.unrouted"
    message_id = shell.run("publish", "ComplaintWithdrawn", "--key", "C-1").stdout.strip()

    def listed() -> list[str]:
        rows = json.loads(shell.run("dlq", "list", "--json").stdout)
        return [f"{row['queue']} {row['id']} {row['reason']}" for row in rows]

    assert listed() == [f"{queue} {message_id} unrouted"]
    [shown] = json.loads(shell.run("dlq", "show", message_id[:8], "--json").stdout)
    assert (shown["key"], shown["data"]) == ("C-1", {})

    dry = shell.run("dlq", "redrive", "--queue", queue, "--dry-run")
    assert dry.stdout == "1 dead letter would be sent again\n"
    # Nobody is bound, so what is sent again finds no queue again: the letter stays.
    assert shell.run("dlq", "redrive", "--queue", queue).stdout == "1 dead letter sent again\n"
    assert listed() == [f"{queue} {message_id} unrouted"]

    refused = shell.run("dlq", "purge", "--queue", queue)
    assert (refused.returncode, "nothing was deleted" in refused.stderr) == (2, True)
    assert listed() == [f"{queue} {message_id} unrouted"]

    purged = shell.run("dlq", "purge", "--queue", queue, "--yes", "--json")
    assert json.loads(purged.stdout) == {"verb": "deleted", "count": 1, "queue": queue}
    assert listed() == []


async def test_a_timer_that_failed_is_not_sent_again(shell: Shell, unique: str) -> None:
    """It is no message: its letter would come back, and why it failed would be forgotten."""
    shell.run("apply")
    queue = f"{shell.environment['ORCHESTRATOR_QUEUE']}.dlq"
    told = dead_letter(
        Delivery(b"{}", type="orchestrator.timer", correlation_id="C 1"),
        queue.removesuffix(".dlq"),
        "expression-failed",
        "no field named amount",
        datetime.now(UTC),
    )
    names = Names(exchange=unique, queue=queue.removesuffix(".dlq"), retry_prefix=unique)
    async with RabbitBroker(shell.environment["ORCHESTRATOR_AMQP_URL"], names) as broker:
        await broker.publish([told])

    redriven = shell.run("dlq", "redrive", "--queue", queue)

    assert redriven.stdout == "0 dead letters sent again\n"
    assert "`orchestrator timers retry 'C 1'`" in redriven.stderr
    (left,) = json.loads(shell.run("dlq", "list", "--queue", queue, "--json").stdout)
    assert left["error"] == "no field named amount"


@pytest.mark.parametrize("command", [["list"], ["redrive"], ["purge", "--yes"]])
def test_a_queue_of_live_messages_is_left_alone(shell: Shell, command: list[str]) -> None:
    """One word left out must not delete work that nobody gave up."""
    refused = shell.run("dlq", *command, "--queue", "notify")
    assert refused.returncode == 1
    assert refused.stderr == (
        "error: notify holds no dead letters: name notify.dlq or"
        f" {shell.environment['ORCHESTRATOR_EXCHANGE']}.unrouted\n"
    )


def test_doctor_says_what_to_do_and_then_that_all_is_well(shell: Shell) -> None:
    """The same command finds the fault and confirms the cure."""
    before = shell.run("doctor")
    assert before.returncode == 1
    assert "error\ttopology\t" in before.stdout
    assert "run `orchestrator apply`" in before.stdout

    shell.run("apply")

    after = shell.run("doctor")
    assert after.returncode == 0
    assert "error\t" not in after.stdout
    assert "warning\tdaemon\t" in after.stdout


@pytest.mark.parametrize(
    ("command", "variable", "value", "told"),
    [
        ("apply", "AMQP_URL", "amqp://guest:hunter2@127.0.0.1:1/", "RabbitMQ at"),
        ("dlq list", "AMQP_URL", "amqp://guest:hunter2@127.0.0.1:1/", "RabbitMQ at"),
        ("run", "PREFETCH", "0", "ORCHESTRATOR_PREFETCH: "),
        ("tail", "KEEP_LOG", "0", "ORCHESTRATOR_KEEP_LOG"),
        ("trace C-1", "KEEP_LOG", "0", "ORCHESTRATOR_KEEP_LOG"),
        ("publish CaseClosed", "SCHEMAS", "nowhere", "nowhere"),
        ("consumers run nobody", "PREFETCH", "100", "nobody"),
    ],
)
def test_what_goes_wrong_is_one_line(
    command: str, variable: str, value: str, told: str, shell: Shell
) -> None:
    """No traceback, no password, exit code 1."""
    shell.environment[f"ORCHESTRATOR_{variable}"] = value
    result = shell.run(*command.split())
    assert (result.returncode, result.stdout) == (1, "")
    *logged, line = result.stderr.splitlines()
    assert all(entry.startswith("{") for entry in logged)
    assert line.startswith("error: ")
    assert told in line
    assert "hunter2" not in result.stderr


def test_a_wrong_password_is_said_without_the_password(applied: Shell) -> None:
    """The message is copied into tickets."""
    wrong = re.sub("://.*@", "://guest:hunter2@", applied.environment["ORCHESTRATOR_AMQP_URL"])
    environment = {**applied.environment, "ORCHESTRATOR_AMQP_URL": wrong}
    result = replace(applied, environment=environment).run("publish", "ComplaintWithdrawn")
    assert result.returncode == 1
    assert "password" in result.stderr
    assert "hunter2" not in result.stderr


def test_an_unknown_key_is_an_error_that_helps(applied: Shell) -> None:
    """An empty answer looks as if nothing had happened."""
    result = applied.run("trace", "C-404")
    assert result.returncode == 1
    assert "C-404" in result.stderr
    assert "orchestrator tail" in result.stderr


def test_a_broken_rule_is_exit_code_1(shell: Shell, tmp_path: Path) -> None:
    """The gate in every pipeline."""
    (tmp_path / "wrong.yaml").write_text("- when: Nothing\n  then: [Something]\n")
    result = shell.run("rules", "check", "wrong.yaml")
    assert result.returncode == 1
    assert result.stdout.startswith("wrong.yaml:1:9: error: ")


def test_ctrl_c_ends_tail_quietly(applied: Shell, unique: str) -> None:
    """It is the ordinary way to end it, so nothing is wrong and nothing is said."""
    applied.run("publish", "ComplaintWithdrawn", "--key", unique)
    with applied.start("tail", "--from", "first") as tail:
        assert tail.stdout is not None
        assert tail.stderr is not None
        assert any(unique in line for line in tail.stdout)  # others publish, too
        tail.send_signal(signal.SIGINT)
        assert tail.wait(timeout=20) == 130
        assert tail.stderr.read().strip() == ""
