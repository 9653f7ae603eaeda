"""A step per item: how many at once, what its output is, and what one reply costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.core.workflow.pieces import items_of
from tests.unit.core.workflow.build import (
    act,
    command,
    each,
    in_sequence,
    retry,
    run,
    step,
    undo,
    workflow,
)
from tests.unit.core.workflow.play import Play

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Step


def per_item(name: str = "A", items: str = "input.items", **parts: Any) -> Step:
    """Return a step that sends ``Do`` with each item and awaits ``Done``."""
    work = command("Do", "Done", data={"item": "${item}"}, fail_on=("Denied",))
    return step(name, work, for_each=each(items, parts.pop("at_once", 2)), **parts)


def items(number: int) -> dict[str, list[int]]:
    return {"items": list(range(number))}


def reply_to(play: Play, index: int, event_type: str = "Done", data: Any = None) -> None:
    """Answer the newest command of an item."""
    asked = next(one for one in reversed(play.sent) if f"[{index}]" in one.id)
    play.reply(asked, event_type, data)


def test_as_many_are_open_at_once_as_allowed() -> None:
    """The next opens when one is done, in the order of the list."""
    play = Play(workflow(per_item())).start(items(4))
    assert [one.data for one in play.sent] == [{"item": 0}, {"item": 1}]
    assert [one.id[24:] for one in play.sent] == [".A[0].1", ".A[1].1"]
    reply_to(play, 1)
    assert [one.data for one in play.sent[2:]] == [{"item": 2}]


def test_the_output_is_the_list_of_outputs_in_order() -> None:
    """Whatever the order of the answers."""
    told = command("Tell", data={"fees": "${steps.A.output.map(o, o.fee)}"})
    play = Play(workflow(*in_sequence(per_item(at_once=3), step("B", told)))).start(items(3))
    for index in (2, 0, 1):
        reply_to(play, index, data={"fee": index * 10})
    assert play.command("Tell").data == {"fees": [0, 10, 20]}
    assert play.status == "completed"


def test_an_empty_list_is_done_at_once() -> None:
    """Its output is an empty list."""
    told = command("Tell", data="${steps.A.output}")
    play = Play(workflow(*in_sequence(per_item(), step("B", told)))).start(items(0))
    assert play.command("Tell").data == []


@pytest.mark.parametrize("value", [None, "abc", {"a": 1}, 3])
def test_what_is_no_list_fails_the_step(value: object) -> None:
    """With the reason in the instance."""
    play = Play(workflow(per_item())).start({"items": value})
    assert play.state.error is not None
    assert "for_each needs a list" in str(play.state.error["reason"])


def test_too_many_items_fail_the_step() -> None:
    """The text says the limit, and what to do instead."""
    short = step("A", command("Do"), for_each=each("input.items", max_items=9))
    play = Play(workflow(short)).start(items(10))
    assert play.status == "faulted"
    assert "over the limit of 9: split the list" in str(play.state.error)


@pytest.mark.parametrize(
    ("values", "kept"),
    [('[duration("1h"), duration("90m")]', ["3600s", "5400s"]), ("[now, now]", ["{now}"] * 2)],
)
def test_times_are_texts_for_the_first_item_as_for_the_last(values: str, kept: list[str]) -> None:
    """What is kept until an item's turn comes is JSON: no item may be of another kind for that."""
    play = Play(workflow(per_item(items=values, at_once=1)))
    now = play.now.isoformat().replace("+00:00", "Z")
    play.start()
    reply_to(play, 0)
    assert [one.data for one in play.sent] == [{"item": each.format(now=now)} for each in kept]


def test_a_list_that_repeats_too_much_fails_the_step() -> None:
    """What is kept of the items is paid for: a short text may name one document many times."""
    play = Play(workflow(per_item(items="range(1000).map(i, input.items)"))).start(items(2000))
    assert play.state.error is not None
    assert "for_each needs more than 10,000,000 steps" in str(play.state.error["reason"])


def test_a_list_that_is_never_made_takes_nothing_from_what_is_said_of_it() -> None:
    """The instance ends, and says why: it is no incident for want of steps to tell it."""
    told = act("Failed", {"why": "${instance.error.reason}"})
    endless = step("A", command("Do"), for_each=each("range(10000000000)"))
    play = Play(workflow(endless, otherwise=(told,))).start()
    assert (play.status, play.types) == ("faulted", ["Failed"])
    assert "needs more than 10,000,000 steps" in str(play.sent[-1].data)


def test_items_that_fail_may_be_left_out() -> None:
    """With `continue` their output is null, and the others go on."""
    told = command("Tell", data="${steps.A.output}")
    steps = in_sequence(per_item(on_failure="continue"), step("B", told))
    play = Play(workflow(*steps)).start(items(3))
    reply_to(play, 0, "Denied")
    reply_to(play, 1, data="one")
    reply_to(play, 2, data="two")
    assert play.command("Tell").data == [None, "one", "two"]


def test_an_item_that_fails_takes_everything_back() -> None:
    """No further item opens, those in flight are waited for, the last goes back first."""
    steps = in_sequence(step("X", undo=True), per_item(at_once=3, undo=undo("Undo")))
    play = Play(workflow(*steps)).start(items(9))
    play.answer("X")
    reply_to(play, 0, data={"n": 0})
    reply_to(play, 1, "Denied")
    assert play.status == "compensating"
    reply_to(play, 2, data={"n": 2})
    reply_to(play, 3, data={"n": 3})
    undone = [one.data for one in play.sent if one.type == "Undo"]
    assert undone == [{"n": 3}, {"n": 2}, {"n": 0}]
    assert (play.types[-1], play.status) == ("UndoX", "faulted")


def test_an_item_is_tried_again_by_a_timer_of_its_own_piece() -> None:
    """The head does not know when items are due."""
    play = Play(workflow(per_item(timeout=60, retry=retry(2)))).start(items(2))
    assert set(play.dues) == {"A/0"}
    reply_to(play, 0)
    play.advance(70)
    assert play.sent[-1].id.endswith(".A[1].2")
    reply_to(play, 1)
    assert play.status == "completed"


def test_items_are_taken_back_as_many_at_once_as_allowed() -> None:
    """A compensation that is awaited bounds how many are on their way."""
    taking_back = undo("Undo", "Undone", timeout=60)
    steps = in_sequence(per_item(at_once=2, undo=taking_back), step("B"))
    play = Play(workflow(*steps)).start(items(5))
    for index in range(5):
        reply_to(play, index)
    play.reply("DoB", "BDenied")
    assert play.types.count("Undo") == 2
    for index in (3, 4, 2, 1, 0):
        reply_to(play, index, "Undone")
    assert [one.id[24:] for one in play.sent if one.type == "Undo"] == [
        f".A[{index}]~.1" for index in (4, 3, 2, 1, 0)
    ]
    assert play.status == "faulted"


def test_an_item_whose_compensation_fails_needs_a_person() -> None:
    """It is named with its index, and may be skipped."""
    taking_back = undo("Undo", "Undone", fail_on=("CannotUndo",))
    play = Play(workflow(*in_sequence(per_item(undo=taking_back), step("B")))).start(items(2))
    reply_to(play, 0)
    reply_to(play, 1)
    play.reply("DoB", "BDenied")
    reply_to(play, 1, "CannotUndo")
    reply_to(play, 0, "Undone")
    assert list(play.state.incidents) == ["A[1]~"]
    play.order("skip", step="A[1]")
    assert play.status == "faulted"


def test_items_may_be_workflows() -> None:
    """Each has a key of its own."""
    play = Play(workflow(step("A", run("child", "${item}"), for_each=each("input.items"))))
    play.start({"items": ["x", "y"]})
    assert [one.correlation_id for one in play.sent] == ["case-7/flow.A[0]", "case-7/flow.A[1]"]
    for index in (0, 1):
        reply_to(play, index, "instance.completed", {"workflow": "child", "output": index})
    assert play.status == "completed"


def test_items_without_an_answer_are_all_sent_at_once() -> None:
    """Nothing bounds what nobody waits for."""
    many = step("A", command("Do", data="${item}"), for_each=each("input.items"))
    play = Play(workflow(many)).start(items(200))
    assert [one.data for one in play.sent] == list(range(200))
    assert play.status == "completed"


def test_a_reply_reads_and_writes_one_piece_of_many() -> None:
    """What a reply costs must not grow with the number of items."""
    play = Play(workflow(per_item(at_once=20), then=(act("End"),))).start(items(1000))
    assert len(play.parts) == 32
    sizes = []
    for index in range(900):
        asked = next(one for one in reversed(play.sent) if f"[{index}]" in one.id)
        made = play.reply(asked, "Done", {"n": index})
        assert made.state is not None
        assert len(made.parts) <= 2
        sizes.append(len(made.state))
    assert play.loads == 0
    assert max(sizes) < 1.1 * min(sizes)


def test_a_reply_costs_no_more_once_a_step_beside_it_failed() -> None:
    """What is between two attempts is given up once, and not looked for with every reply."""
    play = Play(workflow(per_item(at_once=100), step("B"))).start(items(100))
    play.reply("DoB", "BDenied")
    assert play.loads == 1
    for index in range(99):
        reply_to(play, index)
    assert (play.loads, play.status) == (1, "compensating")


def test_what_reads_all_outputs_asks_for_all_pieces_once() -> None:
    """Only the reply that ends the step pays for them."""
    told = command("Tell", data="${steps.A.output}")
    play = Play(workflow(*in_sequence(per_item(at_once=200), step("B", told)))).start(items(200))
    for index in range(199):
        reply_to(play, index, data=index)
    assert play.loads == 0
    reply_to(play, 199, data=199)
    assert (play.loads, play.command("Tell").data) == (1, list(range(200)))


def test_what_reads_other_steps_asks_for_none() -> None:
    """Outputs of items are not loaded for those who do not look at them."""
    told = command("Tell", data="${steps.X.status}")
    steps = in_sequence(step("X"), per_item(at_once=200), step("B", told))
    play = Play(workflow(*steps)).start(items(200))
    play.answer("X")
    for index in range(200):
        reply_to(play, index)
    assert (play.loads, play.command("Tell").data) == (0, "completed")


def test_a_new_instance_leaves_no_items_of_the_one_before() -> None:
    """Their pieces would be taken for its own."""
    play = Play(workflow(per_item(at_once=200))).start(items(130))
    for index in range(130):
        reply_to(play, index)
    assert (play.status, len(play.parts)) == ("completed", 5)
    play.start(items(1))
    assert list(play.parts) == ["A/0"]


READS = command("DoB", "BDone", data={"n": "${steps.A.output[item].n}"})


def after_a_list(second: Step) -> Play:
    """Return a play in which the list that `second` reads has just been closed."""
    first = step("A", command("DoA", "ADone", data="${item}"), for_each=each("range(100)", 100))
    play = Play(workflow(*in_sequence(first, second))).start()
    for sent in [one for one in play.sent if one.type == "DoA"]:
        play.reply(sent, "ADone", {"n": 1000 + sent.data})  # type: ignore[operator]  # a number
    return play


def test_a_list_that_reads_another_loads_it_once() -> None:
    """What a reply costs must not grow with the other list."""
    play = after_a_list(step("B", READS, for_each=each("range(100)", 2), timeout=60))
    before = play.loads
    for index in range(100):
        sent = [one for one in play.sent if one.type == "DoB"][index]
        assert sent.data == {"n": 1000 + index}
        play.reply(sent, "BDone")
    assert (play.status, play.loads) == ("completed", before)
    assert b"prepared" not in b"".join(play.parts.values())


def test_another_attempt_has_the_same_data() -> None:
    """It was computed when the step opened, and is kept as long as the item is open."""
    tried = retry(2)
    play = after_a_list(step("B", READS, for_each=each("[7]", 1), timeout=60, retry=tried))
    play.advance(70)
    assert [one.data for one in play.sent if one.type == "DoB"] == [{"n": 1007}, {"n": 1007}]


def test_an_item_whose_data_cannot_be_computed_fails_alone() -> None:
    """When its turn comes, and with the reason; the others are sent."""
    repeated = each("[98, 99, 100]", 1)
    play = after_a_list(step("B", READS, for_each=repeated, on_failure="continue"))
    for _ in range(2):
        play.reply("DoB", "BDone")
    assert [one.data for one in play.sent if one.type == "DoB"] == [{"n": 1098}, {"n": 1099}]
    assert play.status == "completed"
    (items,) = [items_of(piece) for name, piece in play.parts.items() if name == "B/0"]
    assert items[2].error is not None
    assert items[2].error["type"] == "expression-failed"


def test_workflows_of_a_list_read_another_list_likewise() -> None:
    """What they are given is computed as a command's data is."""
    work = run("child", {"n": "${steps.A.output[item].n}"})
    play = after_a_list(step("B", work, for_each=each("[3, 4]", 2)))
    given = [one.data["input"] for one in play.sent if one.type == "StartWorkflow"]  # type: ignore[index]  # a map
    assert given == [{"n": 1003}, {"n": 1004}]


def test_an_open_list_is_read_item_by_item() -> None:
    """What it gives is not known when the other one opens beside it."""
    first = step("A", command("DoA", "ADone"), for_each=each("[0]", 1))
    told = command("DoB", "BDone", data={"of": "${steps.A.output}"})
    play = Play(workflow(first, step("B", told, for_each=each("[0, 1]", 1)))).start()
    play.reply("DoA", "ADone", {"n": 7})
    play.reply("DoB", "BDone")
    sent = [one.data for one in play.sent if one.type == "DoB"]
    assert sent == [{"of": [None]}, {"of": [{"n": 7}]}]


@pytest.mark.parametrize(
    "read", ["size(steps.*.output.*.m)", "size(steps.A.output)", 'size(get(steps["A"].output, []))']
)
def test_all_outputs_are_there_beside_that_of_one_step(read: str) -> None:
    """A sum over all steps is no less because the same message names one of them, too."""
    last = act("Done", {"one": "${steps.B.output.n}", "all": f"${{{read}}}"})
    play = Play(workflow(*in_sequence(per_item(), step("B")), then=(last,))).start(items(2))
    for index in range(2):
        reply_to(play, index, data={"m": index})
    play.answer("B", data={"n": 7})
    assert play.sent[-1].data == {"one": 7, "all": 2}


def test_one_step_is_asked_for_without_a_list() -> None:
    """A reply to one of ten thousand items costs the same as one to the first of them."""
    data = {"n": "${get(steps.B.output.n, 0)}", "status": "${steps.*.status}"}
    each_item = step("A", command("Do", "Done", data=data), for_each=each("range(100)", 1))
    play = Play(workflow(*in_sequence(step("B"), each_item))).start()
    play.answer("B", data={"n": 7})
    for index in range(100):
        reply_to(play, index)
    assert (play.command("Do").data["n"], play.loads) == (7, 0)  # type: ignore[index]  # a map
