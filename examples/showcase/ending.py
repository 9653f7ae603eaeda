"""Shows what came of the day, by the commands that anybody would use. Judges nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from showcase.cast import CASES, ESCALATED, RESENT, SERIES, TRACED, WINDOWS
from showcase.children import run_to_end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from showcase.record import Record
    from showcase.sink import Mail

NEXT_STEPS = (
    ("make run", "brings everything up until Ctrl-C; then, in a second terminal:"),
    (".venv/bin/orchestrator tail", "watch messages as they are published"),
    (".venv/bin/orchestrator trace KEY", "what happened to a case, and why"),
    ("http://127.0.0.1:15672", "RabbitMQ's own UI, during make run; user and password: guest"),
    ("docs/tutorials/first-steps.md", "ten minutes from here to a rule of your own"),
)


async def show(
    console: Console, record: Record, mails: Sequence[Mail], windows: Mapping[str, str]
) -> None:
    """Show the outcome, the traces of two cases, the mails, the dead letters and how to go on.

    Args:
        console: where to.
        record: the whole log.
        mails: what the mail server took.
        windows: rule -> its window where no demo waits for it.
    """
    _outcome(console, record, windows)
    _title(
        console,
        f"orchestrator trace {ESCALATED.key}",
        "a case that nobody took, until a timer fired",
    )
    console.print()
    await run_to_end("-m", "orchestrator", "trace", ESCALATED.key)
    _title(console, f"orchestrator trace {TRACED.key}", "one complaint, and all it led to")
    console.print()
    await run_to_end("-m", "orchestrator", "trace", TRACED.key)
    _title(console, "the mails", f"one of each kind, of {len(mails)} that the mail server took")
    _mails(console, mails)
    _title(console, "orchestrator dlq list", "what was given up, and why; nothing is lost")
    console.print()
    await run_to_end("-m", "orchestrator", "dlq", "list")
    _title(console, "how to go on", "")
    console.print()
    _next_steps(console)


def _outcome(console: Console, record: Record, windows: Mapping[str, str]) -> None:
    messages = sum((record.cases[key] for key in CASES), Counter[str]())
    sent, failed = messages["AcknowledgmentSent"], messages["CommandFailed"]
    found, closed = messages["InvestigatorAssigned"], messages["CaseClosed"]
    taken, passed = record.taken_by(ESCALATED.key), record.seconds_until_escalation(ESCALATED.key)
    facts = (
        f"{len(CASES)} cases, each with exactly the messages that it must lead to",
        f"complaints acknowledged: {sent}; mail refused, so that the front desk calls: {failed}",
        f"complaints assigned: {found}; acknowledged, assigned, resolved and so closed: {closed}",
        f"permits issued: {messages['PermitIssued']}; denied: {messages['PermitDenied']}",
        f"{RESENT.key} came twice and was handled once",
        f"{ESCALATED.key}: nobody took it, so a timer gave it to {taken} after {passed:.1f} s",
        f"{SERIES[-1].employer}: {len(SERIES)} complaints in a row, so the analysts have a mail",
    )
    console.print()
    for fact in facts:
        console.print(Text.assemble(("✓ ", "green"), fact))
    waits = ", ".join(f"{rule} {WINDOWS[rule]:g} s ({wait})" for rule, wait in windows.items())
    console.print(Text(f"  shortened for this demo: {waits}", style="dim"))


def _title(console: Console, title: str, remark: str) -> None:
    console.print()
    console.print(Text.assemble((title, "bold"), (f"  {remark}" if remark else "", "dim")))


def _mails(console: Console, mails: Sequence[Mail]) -> None:
    """Show a mail of each kind: the one that took most attempts, or else the traced case's."""
    ordered = sorted(mails, key=lambda mail: (mail.attempts, TRACED.key in mail.subject))
    kinds = {_kind(mail.subject): mail for mail in ordered}
    if not console.is_terminal:
        print()
        for mail in kinds.values():
            print(mail.to, mail.subject, mail.attempts, sep="\t", flush=True)
    else:
        table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
        table.add_column("to")
        table.add_column("subject")
        table.add_column("attempts", justify="right")
        for mail in kinds.values():
            style = "yellow" if mail.attempts > 1 else ""
            table.add_row(mail.to, Text(mail.subject), Text(str(mail.attempts), style=style))
        console.print(table)


def _kind(subject: str) -> tuple[str, ...]:
    """Return how a subject begins, without the numbers of cases."""
    return tuple(word for word in subject.split()[:3] if not any(map(str.isdigit, word)))


def _next_steps(console: Console) -> None:
    if not console.is_terminal:
        for row in NEXT_STEPS:
            print(*row, sep="\t", flush=True)
        return
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for row in NEXT_STEPS:
        table.add_row(*row)
    console.print(table)
