"""The machine against a simple model, on random plans and whatever may happen to them."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.unit.core.workflow.comparison import QUICK, Machine, Transactions


@pytest.mark.parametrize("kind", [Machine, Transactions])
def test_the_machine_does_what_the_model_says(kind: type[Machine]) -> None:
    """For any plan, and whatever order answers, repetitions and timeouts come in."""
    run_state_machine_as_test(kind, settings=QUICK)
