"""What led to nothing, as people see it and send it again: real processes, piped."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.adapters.redis.ledger import RedisLedger
from orchestrator.core.event import Event
from orchestrator.core.ids import event_identity
from orchestrator.core.unmatched import ignored
from orchestrator.settings import Settings
from orchestrator.topology import Names

if TYPE_CHECKING:
    from orchestrator.core.unmatched import Unmatched
    from tests.integration.cli.conftest import Shell

NOW = datetime.now(UTC)


def reviewed(number: int, decision: str) -> Event:
    name = f"e-{number}"
    identity = event_identity("portal", "PermitReviewed", name)
    data = {"decision": decision}
    return Event("PermitReviewed", name, "portal", None, NOW, data, "P-1", None, None, identity)


@pytest.fixture
async def entries(shell: Shell) -> list[str]:
    """Two entries of an installation: one that would match now, one that would not."""
    names = await note(shell, ignored(reviewed(1, "approved")), ignored(reviewed(2, "lost")))
    assert shell.run("apply").returncode == 0
    return names


async def note(shell: Shell, *entries: Unmatched) -> list[str]:
    """Note entries of an installation, and return their names."""
    environment = shell.environment
    ledger = RedisLedger(
        environment["ORCHESTRATOR_REDIS_URL"],
        namespace=environment["ORCHESTRATOR_NAMESPACE"],
        size=100,
    )
    names = await ledger.note(entries)
    await ledger.close()
    return names


async def depth(shell: Shell) -> int:
    """How many messages wait for the daemon."""
    variables = {
        name.removeprefix("ORCHESTRATOR_").lower(): value
        for name, value in shell.environment.items()
        if name.startswith("ORCHESTRATOR_")
    }
    settings = Settings.model_validate(variables)
    url = settings.amqp_url.get_secret_value()
    async with RabbitBroker(url, Names.of(settings), client="test") as broker:
        return await broker.backlog(settings.queue)


async def test_what_would_match_now_is_sent_and_the_rest_stays(
    shell: Shell, entries: list[str]
) -> None:
    """A retry that leads to nothing again would only make the list look new."""
    first, second = entries
    rows = json.loads(shell.run("unmatched", "list", "--json").stdout)
    assert [(row["entry"], row["matches_now"]) for row in rows] == [
        (second, None),
        (first, "permit-fee"),
    ]
    dry = shell.run("unmatched", "retry", first, "--dry-run")
    assert dry.stdout == f"{first} PermitReviewed e-1 would be sent again\n"
    assert await depth(shell) == 0

    done = shell.run("unmatched", "retry", "--type", "PermitReviewed")
    assert (done.returncode, done.stdout) == (0, f"{first} PermitReviewed e-1 sent again\n")
    assert 'data.decision is "lost"' in done.stderr
    assert await depth(shell) == 1
    left = shell.run("unmatched", "list", "--since", "1h").stdout
    assert [line.split("\t")[0] for line in left.splitlines()] == [second]

    assert shell.run("unmatched", "retry", second).returncode == 1
    refused = shell.run("unmatched", "retry", second, "--json")
    assert (refused.returncode, json.loads(refused.stdout)[0]["sent"]) == (1, False)
    assert shell.run("unmatched", "retry", second, "--anyway").returncode == 0
    assert await depth(shell) == 2
    assert shell.run("unmatched", "list").stdout == ""


async def test_nobody_is_sent_in_a_circle_over_data_that_was_not_kept(shell: Shell) -> None:
    """`--anyway` cannot help there, and is not advised."""
    large = replace(reviewed(3, "lost"), data={"decision": "x" * 100_000})
    (name,) = await note(shell, ignored(large))
    refused = shell.run("unmatched", "retry", name, "--anyway")
    assert refused.returncode == 1
    told = refused.stderr.splitlines()
    assert "its data is not kept here, because 100," in told[0]
    assert "let its source send it again" in told[1]


async def test_an_entry_is_shown_in_full(shell: Shell, entries: list[str]) -> None:
    """Every clause of every rule that was asked, and the data."""
    shown = json.loads(shell.run("unmatched", "show", entries[1], "--json").stdout)
    assert [rule["rule"] for rule in shown["rules"]] == ["permit-fee", "permit-denial"]
    assert shown["rules"][0]["clauses"] == [
        {
            "clause": 'data.decision == "approved"',
            "holds": False,
            "values": 'data.decision is "lost"',
        }
    ]
    plain = shell.run("unmatched", "show", entries[1]).stdout
    assert '✗ data.decision == "approved"    data.decision is "lost"' in plain
    assert '"decision": "lost"' in plain


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        ("unmatched show 1-0", 1, "there is no entry 1-0, or it is gone"),
        ("unmatched show C-1", 2, "is no entry"),
        ("unmatched retry", 2, "name one entry, or a --type"),
        ("unmatched retry 1-0 --type A", 2, "name one entry, or a --type"),
        ("unmatched retry --type Filed", 1, "nothing unmatched holds an event of type Filed"),
        ("unmatched list --since ever", 2, "is no length of time"),
    ],
)
async def test_what_cannot_be_done_is_one_line(
    command: str, code: int, told: str, applied: Shell
) -> None:
    """It says what, and what to do."""
    result = applied.run(*command.split())
    assert (result.returncode, result.stdout) == (code, "")
    (line,) = result.stderr.splitlines()
    assert told in line
