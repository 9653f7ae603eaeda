"""``orchestrator doctor``: prints what the checks find. Judges nothing itself."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import click

from orchestrator.cli import output
from orchestrator.cli.checks import Finding, examine
from orchestrator.cli.commands import Command
from orchestrator.cli.context import read_settings


@click.command(
    "doctor", cls=Command, examples=["orchestrator doctor", "orchestrator doctor --json"]
)
def command() -> int:
    """Check versions, permissions, the topology, Redis and the files, and say what to do.

    Changes nothing. Exit code 1 if anything keeps the system from working; warnings alone are 0.
    """
    findings = asyncio.run(_findings())
    output.table(
        ["status", "check", "message"], [asdict(finding) for finding in findings], empty=""
    )
    return int(any(finding.status == "error" for finding in findings))


async def _findings() -> list[Finding]:
    with output.progress("looking") as report:
        findings = []
        async for finding in examine(read_settings()):
            findings.append(finding)
            report(len(findings))
        return findings
