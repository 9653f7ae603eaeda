"""What is told before an order is sent agrees with what the machine says to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.errors import Refused
from orchestrator.operation.fitting import unfit
from tests.unit.core.workflow.build import (
    approval,
    command,
    each,
    group,
    in_sequence,
    step,
    undo,
    wait,
    workflow,
)
from tests.unit.core.workflow.play import Play
from tests.unit.core.workflow.test_people import form

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.workflow.definition import Step


def begun() -> Play:
    """Step A sends, B is to come, C waits, G is a group, F is a for-each, P asks a person."""
    items = step("F", command("DoF", "FDone", data={}), for_each=each("[1, 2, 3]"))
    steps = [
        step("A", undo=undo("UndoA", "AUndone", fail_on=("ANot",))),
        step("B", after=("A",)),
        step("C", wait(60)),
        group("G", step("H")),
        items,
        step("P", approval("chief", form=form)),
    ]
    return Play(workflow(*steps)).start()


def suspended() -> Play:
    play = begun()
    play.order("suspend")
    return play


def compensating() -> Play:
    a = step("A", undo=undo("UndoA", "AUndone", fail_on=("ANot",)))
    steps = in_sequence(a, step("B"), step("P", approval("chief")))
    play = Play(workflow(*steps)).start()
    play.answer("A")
    play.reply("DoB", "BDenied")
    return play


def stuck() -> Play:
    """Its compensation was refused: an incident."""
    play = compensating()
    play.reply("UndoA", "ANot")
    return play


def taking_back(one: Step, *commands: str) -> Play:
    """A step that was done is being taken back because the one after it was refused."""
    play = Play(workflow(*in_sequence(one, step("B"), step("P", approval("chief"))))).start()
    while play.step(one.name) == "running":
        for sent in [sent for sent in play.sent if sent.type in commands]:
            play.reply(sent, f"{sent.type.removeprefix('Do')}Done")
    play.reply("DoB", "BDenied")
    return play


def items_compensating() -> Play:
    """The last two items of F go back side by side; the first one's turn has not come."""
    undoing = undo("UndoF", "FUndone", fail_on=("FNot",), data={})
    return taking_back(
        step("F", command("DoF", "FDone", data={}), for_each=each("[1, 2, 3]"), undo=undoing),
        "DoF",
    )


def items_stuck() -> Play:
    play = items_compensating()
    play.reply("UndoF", "FNot")
    return play


def group_stuck() -> Play:
    """What a group says of itself to be taken back was refused."""
    undoing = undo("UndoG", "GUndone", fail_on=("GNot",))
    play = taking_back(group("G", step("A"), undo=undoing), "DoA")
    play.reply("UndoG", "GNot")
    return play


def recalled() -> Play:
    """It was told to take itself back before it began."""
    play = Play(begun().workflow)
    play.event("CompensateWorkflow", {"workflow": "flow", "parent": {"workflow": "p", "key": "k"}})
    return play


STATES = [
    begun,
    suspended,
    compensating,
    stuck,
    items_compensating,
    items_stuck,
    group_stuck,
    recalled,
]
ITEMS = ["F[0]", "F[1]", "F[2]", "F[3]", "A[0]", "F[0]~", "F[1]~", "F[2]~", "A[0]~"]
STEPS = ["A", "B", "C", "G", "H", "F", "P", "A~", "B~", "F~", "G~"]
TARGETS = [*STEPS, *ITEMS, "then", "nowhere", "A[", ""]
ORDERS: list[tuple[str, dict[str, Any]]] = [
    *((order, {}) for order in ("cancel", "suspend", "resume", "resolve")),
    *((order, {"step": target}) for order in ("retry", "skip") for target in TARGETS if target),
]
DECISIONS: list[tuple[str, dict[str, Any]]] = [
    (decision, {"step": target, "by": "ada", "role": role, "data": data})
    for decision in ("approved", "rejected")
    for target in ("P", "A", "B", "G", "nowhere")
    for role in ("chief", "clerk")
    for data in ({"conditions": "none"}, None)
]


def refused_by_the_machine(play: Play, order: str, told: dict[str, Any]) -> str | None:
    try:
        if order in {"approved", "rejected"}:
            play.event("ApprovalGiven", {"workflow": "flow", "decision": order, **told})
        else:
            play.order(order, **told)
    except Refused as refusal:
        return str(refusal)
    return None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("order", "told"), [*ORDERS, *DECISIONS], ids=str)
def test_who_is_told_no_would_have_been_told_no(
    state: Callable[[], Play], order: str, told: dict[str, Any]
) -> None:
    """An order that fits must reach its instance; one that does not is no dead letter."""
    play = state()
    assert play.instance is not None
    objection = unfit(play.instance, order, told, play.workflow.outline)
    refusal = refused_by_the_machine(play, order, told)
    assert (objection is None) == (refusal is None), f"told {objection}; the machine: {refusal}"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("order", "told"), [*ORDERS, *DECISIONS], ids=str)
def test_nothing_that_fits_is_held_back_where_the_wording_is_unknown(
    state: Callable[[], Play], order: str, told: dict[str, Any]
) -> None:
    """An instance may go by a revision that is in no file: less is known then, nothing wrong."""
    play = state()
    assert play.instance is not None
    if unfit(play.instance, order, told) is not None:
        assert refused_by_the_machine(play, order, told) is not None


@pytest.mark.parametrize(
    ("state", "order", "told", "said"),
    [
        (begun, "resume", {}, "it is not suspended"),
        (begun, "resolve", {}, "it has no incident: cancel it to end it"),
        (compensating, "cancel", {}, "it is compensating already"),
        (recalled, "cancel", {}, "it was recalled before it began, and ends by itself"),
        (suspended, "retry", {"step": "A"}, "it is suspended: resume it first"),
        (begun, "retry", {"step": "C"}, "step C sends nothing that could be sent again"),
        (begun, "retry", {"step": "F"}, "step F consists of items: name one, such as F[0]"),
        (
            items_stuck,
            "retry",
            {"step": "F~"},
            "step F~ consists of items: name one, such as F[0]~",
        ),
        (begun, "skip", {"step": "G"}, "step G consists of others: name one of them"),
        (begun, "skip", {"step": "a"}, "it has no step a: open are A, C, G, H, F, P"),
        (begun, "retry", {"step": "B"}, "step B is not open: open are A, C, G, H, F, P"),
        (
            begun,
            "approved",
            {"step": "P", "role": "clerk"},
            "step P waits for the role chief, not clerk",
        ),
        (
            begun,
            "approved",
            {"step": "P", "role": "chief"},
            "data.conditions is required",
        ),
        (begun, "approved", {"step": "A", "role": "chief"}, "step A does not wait for a person"),
    ],
)
def test_it_is_said_what_to_do_instead(
    state: Callable[[], Play], order: str, told: dict[str, Any], said: str
) -> None:
    """Whoever gives an order has the instance before them, not the source code."""
    play = state()
    assert play.instance is not None
    assert unfit(play.instance, order, told, play.workflow.outline) == said
