"""Refuses workflows that run what is not there, or themselves. Knows only their names."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from orchestrator.document import quoted
from orchestrator.rulefile.parts import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.rulefile.workflows.workflow import ReadWorkflow


def refuse_runs(workflows: Mapping[str, ReadWorkflow], others: Mapping[str, str]) -> None:
    """Refuse every `run` of what is no workflow that runs, and one of each circle of runs.

    Args:
        workflows: by name, all that are enabled.
        others: why others that are written cannot be run; empty where that was told already.
    """
    runs: dict[str, set[str]] = {name: set() for name in workflows}
    for name, read in workflows.items():
        for target, part in read.runs:
            if target in workflows:
                runs[name].add(target)
            elif others.get(target):
                part.refuse(f"{quoted(target)} {others[target]}")
            elif target not in others:
                meant = nearest(target, tuple(workflows))
                there_is = f"did you mean {meant}?" if meant else "write it under `workflows`"
                part.refuse(f"there is no workflow {quoted(target)}: {there_is}")
    while circle := _circle(runs):
        first, second = circle[0], circle[1]
        part = next(part for target, part in workflows[first].runs if target == second)
        chain = " -> ".join(quoted(name) for name in circle)
        part.refuse(f"these workflows run each other without end: {chain}: break the circle")
        runs[first].discard(second)


def _circle(runs: Mapping[str, set[str]]) -> list[str]:
    """Return workflows each of which runs the next; the first comes again last."""
    try:
        TopologicalSorter(runs).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []
