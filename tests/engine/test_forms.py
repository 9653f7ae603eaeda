"""Every form of `when`, on real engines, whatever happens: what comes out is what a model says."""

from __future__ import annotations

import os
from datetime import timedelta
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from orchestrator.engine import deciding
from tests.engine.forms import FORMS
from tests.engine.mistakes import TakesTimersFirst
from tests.engine.ordeal import Forms, Journal
from tests.engine.witnesses import (
    AnswersAtOnce,
    AsksNobody,
    BelievesStamps,
    CountsNothingOnItsWay,
    Hasty,
    SeesTheQueueEmpty,
    WaitsForNoDead,
)

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.engine.witness import Witness
    from orchestrator.ports import Commit, CommitResult, Timer

SEARCH = settings(deadline=None, stateful_step_count=40, database=None)
CONTROL = settings(SEARCH, max_examples=1_000, derandomize=True, phases=[Phase.generate])
COMMANDS = {form.command for form in FORMS.values()} | {
    f"{form.command}Not" for form in FORMS.values() if form.otherwise
}
ROUND = settings(SEARCH, max_examples=100, derandomize=False)  # each another, also where CI is set
MOST_ROUNDS = 10
"""Of a hundred examples each: one round reaches every form nearly always."""
DEEP = int(os.environ.get("ORCHESTRATOR_MODEL_EXAMPLES", "5000"))


def test_every_form_does_what_the_model_says() -> None:
    """Whatever is repeated, killed, late, or done by another replica."""
    Forms.reached.clear()
    for _ in range(MOST_ROUNDS):
        run_state_machine_as_test(Forms, settings=ROUND)
        if Forms.reached == COMMANDS:
            break
    assert Forms.reached == COMMANDS  # what is not reached is not compared


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_form_does_what_the_model_says_for_long() -> None:
    """The same with many more examples: ORCHESTRATOR_MODEL_EXAMPLES says how many."""
    run_state_machine_as_test(Forms, settings=settings(SEARCH, max_examples=DEEP))


class ForgetsMarkers(Journal):
    """Wrong: what was used up counts anew when it comes again."""

    def _apply(self, commit: Commit, now: datetime) -> CommitResult:
        result = super()._apply(commit, now)
        self._markers.clear()
        return result


class IgnoresConflicts(Journal):
    """Wrong: of two replicas that remember at one time, one remembers in vain."""

    def _as_expected(self, commit: Commit) -> bool:
        return commit.timer is None or super()._as_expected(commit)


class EarlyTimers(Journal):
    """Wrong: "nobody answered" while the answer may still come."""

    async def due(self, now: datetime, limit: int) -> list[Timer]:
        return await super().due(now + timedelta(seconds=3), limit)


class TakesTimers(TakesTimersFirst, Journal):
    """Wrong, and it keeps the journal."""


WRONG: dict[str, dict[str, Any]] = {
    "a store that forgets markers": {"store": ForgetsMarkers},
    "a replica that ignores conflicts": {"store": IgnoresConflicts},
    "timers that are early": {"store": EarlyTimers, "witness": Hasty},
    "timers that are taken first": {"store": TakesTimers},
}
OVERTAKING: dict[str, type[Witness]] = {
    "no proof at all": Hasty,
    "an empty queue as a proof": SeesTheQueueEmpty,
    "stamps as a proof": BelievesStamps,
    "one replica as a witness for all": AsksNobody,
    "deliveries received as decided": AnswersAtOnce,
    "only the living as witnesses": WaitsForNoDead,
}


@pytest.mark.parametrize("parts", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_would_be_noticed(parts: dict[str, Any]) -> None:
    """Negative controls: a search that lets these pass proves nothing."""
    with pytest.raises(AssertionError):
        run_state_machine_as_test(type("Wrong", (Forms,), parts), settings=CONTROL)


@pytest.mark.parametrize("witness", OVERTAKING.values(), ids=OVERTAKING.keys())
def test_timers_that_overtake_the_backlog_would_be_noticed(witness: type[Witness]) -> None:
    """Negative controls: each is a rule that looks right, and the first ones were ours."""
    with pytest.raises(AssertionError, match="overtakes"):
        run_state_machine_as_test(type("Wrong", (Forms,), {"witness": witness}), settings=CONTROL)


class WiredForms(Forms):
    """Deliveries that have left the queue take their time to arrive: fewer other things happen."""

    wired = True


def test_what_is_on_its_way_is_not_overtaken_either() -> None:
    """It is in no queue, and in nobody's hands yet."""
    run_state_machine_as_test(WiredForms, settings=settings(SEARCH, max_examples=50))


def test_what_is_on_its_way_would_be_noticed() -> None:
    """Negative control: to count what has arrived is not enough."""
    wrong = type("Wrong", (WiredForms,), {"witness": CountsNothingOnItsWay})
    with pytest.raises(AssertionError, match="overtakes"):
        run_state_machine_as_test(wrong, settings=CONTROL)


def test_ids_that_derive_from_nothing_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: no retry would find what was done before it."""
    monkeypatch.setattr(deciding, "reaction_id", lambda *_: token_bytes(16))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Forms, settings=CONTROL)
