"""``orchestrator explain``: what happened to a case, and why (not). Changes nothing."""

from __future__ import annotations

import asyncio
import difflib
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.account import Account
from orchestrator.cli.commands import Command, wants_json
from orchestrator.cli.context import load_rulebook, read_settings
from orchestrator.cli.inquiry import inquire
from orchestrator.cli.narrating import Narration
from orchestrator.cli.starting import START
from orchestrator.errors import Misconfigured
from orchestrator.topology import Names

if TYPE_CHECKING:
    from orchestrator.adapters.rabbit.log import Start
    from orchestrator.cli.evidence import Evidence
    from orchestrator.core.definitions import Rulebook


@click.command(
    "explain",
    cls=Command,
    examples=[
        "orchestrator explain C-991",
        "orchestrator explain C-991 --rule large-claim",
        "orchestrator explain C-991 --from 2d --json",
    ],
)
@click.argument("key")
@click.option("--event", help="Only the event whose id begins so, and what it led to.")
@click.option("--rule", help="Only what this rule made of it.")
@click.option(
    "--from",
    "start",
    type=START,
    default="first",
    show_default=True,
    help="Read the log from here: as for tail.",
)
@click.option("--show-values", is_flag=True, help="Show secrets in values, too.")
def command(
    key: str, event: str | None, rule: str | None, start: Start, *, show_values: bool
) -> None:
    """Say what happened to the case KEY, and why each rule did or did not fire.

    Reads the log, the dead letters, what rules remember and what led to nothing. KEY is a
    correlation key, or a key that rules keep their state under (`by:`). Guards are weighed with the
    rules as they are now.
    """
    settings = read_settings()
    rulebook = load_rulebook(settings)
    if rule is not None:
        _insist_on_rule(rulebook, rule)
    evidence = asyncio.run(inquire(settings, rulebook, key, start))
    if not evidence.found:
        raise _nothing(evidence, Names.of(settings))
    account = Account(evidence, rule=rule, show_values=show_values)
    narration = Narration(evidence, account, event)
    if event is not None and not narration.steps:
        raise Misconfigured(f"no message of {key} has an id that begins with {event}")
    if wants_json():
        output.document(narration.as_json())
        return
    for line in narration.lines(output.console().width if output.on_terminal() else None):
        click.echo(line)
    if rule is not None and _was_not_asked(evidence, rule):
        click.echo(f"\n{_why_not_asked(evidence, rule)}")


def _insist_on_rule(rulebook: Rulebook, rule: str) -> None:
    if rule not in rulebook.by_name:
        near = difflib.get_close_matches(rule, rulebook.by_name, n=1)
        there_is = f"did you mean {near[0]}?" if near else "`orchestrator rules check` reads them"
        raise Misconfigured(f"there is no rule {rule}: {there_is}")


def _was_not_asked(evidence: Evidence, rule: str) -> bool:
    types = {each.seen.type for each in evidence.logged}
    return not types.intersection(evidence.rulebook.by_name[rule].triggers)


def _why_not_asked(evidence: Evidence, rule: str) -> str:
    wanted = ", ".join(evidence.rulebook.by_name[rule].triggers) or "no event, but a time"
    return output.text(
        f"Rule {rule} was never asked: it wants {wanted}, and no such event has the key"
        f" {evidence.key}."
    )


def _nothing(evidence: Evidence, names: Names) -> Misconfigured:
    unread = f" ({'; '.join(evidence.unread)})" if evidence.unread else ""
    queue = f"; {evidence.backlog:,} messages wait in {evidence.queue}" if evidence.backlog else ""
    return Misconfigured(
        f"nothing is known of {evidence.key}: it is neither in {names.log}{unread}, nor in a"
        " dead-letter queue, nor remembered by a rule, nor unmatched"
        f"{queue}; `orchestrator tail --from 1h` and `orchestrator instances list` show which keys"
        " there are"
    )
