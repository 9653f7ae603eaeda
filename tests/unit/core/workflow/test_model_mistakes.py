"""The model finds mistakes of the machine: one that accepts anything would prove nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from orchestrator.core.workflow import (
    advancing,
    attempts,
    closing,
    compensation,
    failing,
    pausing,
    replies,
    timers,
)
from orchestrator.core.workflow.failing import roll_back
from orchestrator.core.workflow.outline import ROOT
from orchestrator.core.workflow.running import Running
from tests.unit.core.workflow.comparison import QUICK, Machine, Transactions

if TYPE_CHECKING:
    from orchestrator.core.workflow.ids import Target

HASTY = settings(QUICK, max_examples=5000, database=None, report_multiple_bugs=False)
"""For mistakes: the first example that shows one ends the search, however long it is; where none is
found, all are tried. Of 500 one search in some ten had not met a refused commit yet."""


def forgetful(run: Running, target: Target, error_type: str, reason: str) -> None:
    """Lose an attempt, and forget that nobody answered it."""
    run.task(target).unknown = False
    attempts.lose(run, target, error_type, reason)


def believing(run: Running, target: Target) -> bool:
    """Take whatever was begun for open."""
    return target.step in run.state.tasks


def sweeping(run: Running, container: str, error: Any) -> None:
    """Take back everything where a group would take back its own."""
    del container
    roll_back(run, ROOT, error)


def revoking(run: Running, name: str) -> bool:
    """Take back what can be, be it that a transaction made it final."""
    return run.outline.places[name].undo is not None


def deserting(run: Running, container: str) -> frozenset[str]:
    """Take back nothing at a stop, as if nobody waited for a word."""
    stops = container == ROOT and run.state.phase == "stopping"
    return frozenset() if stops else run.outline.inside[container]


def hopeless(run: Running, target: Target, reason: str) -> None:
    """Close what no person has looked at."""
    del reason
    closing.close(run, target, "failed")


MISTAKES: dict[str, tuple[object, str, object]] = {
    "takes back in the order it was done": (compensation, "reversed", list),
    "tries again what was refused": (replies, "fail", attempts.lose),
    "opens steps while taking back": (Running, "goes_on", lambda *_: True),
    "takes a second answer": (replies, "_is_open", believing),
    "does not wait for what is in flight": (compensation, "any", lambda _: False),
    "forgets what went unanswered": (timers, "lose", forgetful),
    "lets time run out while suspended": (pausing, "_defer", lambda *_: None),
    "takes back all where a group fails": (failing, "roll_back", sweeping),
    "takes back a transaction that is done": (compensation, "_is_to_be_undone", revoking),
    "deserts a transaction at a stop": (compensation, "_taken_back", deserting),
    "lets a commit of a transaction fail": (failing, "call_for_help", hopeless),
    "does not wait for dependencies": (advancing, "_is_ready", lambda *_: True),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_model_finds_a_mistake(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative controls, built in one by one."""
    where, name, wrong = MISTAKES[mistake]
    monkeypatch.setattr(where, name, wrong, raising=False)
    kind = Transactions if "transaction" in mistake else Machine
    with pytest.raises((AssertionError, RuntimeError)):
        run_state_machine_as_test(kind, settings=HASTY)
