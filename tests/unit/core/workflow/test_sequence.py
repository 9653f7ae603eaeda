"""Steps one after another: commands, their answers, failures and further attempts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.core.ids import message_id
from orchestrator.core.workflow.ids import reaction_for
from tests.unit.core.workflow.build import (
    act,
    command,
    in_sequence,
    retry,
    step,
    template,
    workflow,
)
from tests.unit.core.workflow.play import KEY, START, Play

THREE = in_sequence(step("A"), step("B"), step("C"))


def test_steps_are_sent_one_after_another() -> None:
    """A step opens when the one before has been answered, and not earlier."""
    play = Play(workflow(*THREE)).start()
    assert play.types == ["DoA"]
    play.answer("A", "B")
    assert play.types == ["DoA", "DoB", "DoC"]
    assert play.status == "running"
    play.answer("C")
    assert play.status == "completed"


def test_a_command_says_whose_it_is() -> None:
    """A reply finds home by these: the key, and the id that tells step and attempt."""
    play = Play(workflow(*THREE)).start({"fee": 3})
    sent = play.command("DoA")
    assert sent.id == f"{play.state.id}.A.1"
    assert (sent.correlation_id, sent.subject, sent.channel) == (KEY, KEY, "doa.v1")
    assert (sent.data, sent.causation_id, sent.rule) == ({"fee": 3}, "e-1", "flow")


def test_an_instance_that_starts_again_after_a_crash_is_the_same() -> None:
    """Ids derive from the start event, so that repeating everything sends nothing new."""
    first, second = (Play(workflow(*THREE)).start() for _ in range(2))
    assert first.sent == second.sent
    assert first.instance == second.instance


def test_outputs_are_read_by_later_steps() -> None:
    """What a reply said is what ``steps.NAME.output`` gives."""
    told = command("Tell", data={"fee": "${steps.A.output.fee}", "was": "${steps.A.status}"})
    play = Play(workflow(*in_sequence(step("A"), step("B", told)))).start()
    play.answer("A", data={"fee": 150})
    assert play.command("Tell").data == {"fee": 150, "was": "completed"}


def test_then_is_sent_at_the_end() -> None:
    """Its messages carry ids that derive from the instance, whoever decided last."""
    total = act("Opened", {"total": "${sum(steps.*.output.fee)}"})
    play = Play(workflow(*THREE, then=(total,), otherwise=(act("Failed"),))).start()
    play.answer("A", "B", "C", data={"fee": 50})
    assert play.types[3:] == ["Opened"]
    assert play.sent[-1].data == {"total": 150}
    assert play.sent[-1].id == message_id(reaction_for(play.state.id, "then"), 0)
    assert play.sent[-1].correlation_id == KEY


def test_a_step_without_an_answer_is_done_when_it_is_sent() -> None:
    """Nobody is waited for, and an instance may end with the event that starts it."""
    play = Play(workflow(*in_sequence(step("A", command("Tell")), step("B", command("Say")))))
    play.start()
    assert (play.types, play.status) == (["Tell", "Say"], "completed")


def test_a_timeout_tries_again_and_then_fails() -> None:
    """Attempts count the first; each has an id of its own."""
    play = Play(workflow(step("A", timeout=60, retry=retry(2)), otherwise=(act("Failed"),))).start()
    play.advance(60)
    assert (play.step("A"), play.types) == ("waiting", ["DoA"])
    play.advance(10)
    assert [each.id[-4:] for each in play.sent] == [".A.1", ".A.2"]
    play.advance(59)
    assert play.status == "running"
    play.advance(1)
    assert (play.status, play.types) == ("faulted", ["DoA", "DoA", "Failed"])


def test_a_late_answer_to_an_earlier_attempt_counts() -> None:
    """The work is done: waiting for a second answer would be in vain."""
    play = Play(workflow(step("A", timeout=60, retry=retry(3)))).start()
    first = play.command("DoA")
    play.advance(75)
    play.reply(first, "ADone")
    assert play.status == "completed"


def test_an_answer_between_two_attempts_counts() -> None:
    """It makes the next attempt unnecessary."""
    play = Play(workflow(step("A", timeout=60, retry=retry(3)))).start()
    play.advance(65)
    play.answer("A")
    play.advance(100)
    assert (play.status, play.types) == ("completed", ["DoA"])


def test_a_command_that_its_service_gave_up_is_tried_again() -> None:
    """The service may be well again later."""
    play = Play(workflow(step("A", retry=retry(2, 30)))).start()
    play.command_failed("DoA")
    assert play.step("A") == "waiting"
    play.advance(30)
    play.command_failed("DoA")
    error = play.state.error
    assert error == {"step": "A", "type": "command-failed", "reason": "boom"}
    assert play.status == "faulted"


def test_that_an_earlier_attempt_was_given_up_does_not_count() -> None:
    """It was lost already when its time was over."""
    play = Play(workflow(step("A", timeout=60, retry=retry(2)))).start()
    first = play.command("DoA")
    play.advance(75)
    play.reply(first, "CommandFailed", {"command": {"type": "DoA", "id": first.id}, "error": "x"})
    assert play.step("A") == "running"


def test_an_attempt_is_given_up_once() -> None:
    """That its service gives it up, too, once its time was over, puts off no other attempt."""
    play = Play(workflow(step("A", timeout=10, retry=retry(2, 5)))).start()
    play.advance(13)
    play.command_failed("DoA")
    play.advance(2)
    assert play.types == ["DoA", "DoA"]


def test_a_refusal_is_not_tried_again() -> None:
    """It is an answer: asking again changes nothing."""
    play = Play(workflow(step("A", retry=retry(5)), otherwise=(act("No", "${instance.error}"),)))
    play.start()
    play.reply("DoA", "ADenied", {"reason": "too loud"})
    assert play.types == ["DoA", "No"]
    told = {"step": "A", "type": "refused", "reason": "ADenied: too loud"}
    assert play.sent[-1].data == told


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (retry(9, 10), [10, 10, 10, 10]),
        (retry(9, 10, exponential=True), [10, 20, 40, 80]),
        (retry(9, 10, exponential=True, max_delay=timedelta(seconds=30)), [10, 20, 30, 30]),
    ],
)
def test_delays_grow_as_they_are_told(policy: object, expected: list[int]) -> None:
    """The delay before attempt n is delay * 2^(n-2), up to the longest."""
    play = Play(workflow(step("A", retry=policy))).start()
    waited = []
    for _ in expected:
        play.command_failed("DoA")
        waited.append((play.dues[""] - play.now).total_seconds())
        play.advance(waited[-1])
    assert waited == expected


def test_jitter_shortens_delays_and_is_the_same_everywhere() -> None:
    """Thousands that failed together must not come back together; replicas must agree."""
    flow = workflow(step("A", retry=retry(9, 100, jitter=True)))
    delays = set()
    for number in range(20):
        play = Play(flow).start(id=f"start-{number}")
        play.command_failed("DoA")
        delays.add((play.dues[""] - play.now).total_seconds())
    assert len(delays) > 15
    assert all(50 <= delay < 100 for delay in delays)


def test_data_that_breaks_the_schema_fails_the_step() -> None:
    """The instance says why, instead of waiting for ever."""
    play = Play(workflow(step("A", command("Do", "Done", data="forbidden")))).start()
    assert play.status == "faulted"
    assert play.state.error == {
        "step": "A",
        "type": "schema-violation",
        "reason": "Do: data is forbidden",
    }


def test_an_expression_that_fails_fails_the_step() -> None:
    """The reason names the place in the file."""
    play = Play(workflow(step("A", command("Do", data={"x": "${input.missing}"})))).start({})
    assert play.status == "faulted"
    assert play.state.error is not None
    assert play.state.error["type"] == "expression-failed"


def test_variables_are_computed_at_the_start() -> None:
    """Later ones may read earlier ones."""
    variables = {"a": "${input.fee * 2}", "b": {"twice": "${variables.a * 2}"}}
    compiled = {name: template(value) for name, value in variables.items()}
    told = command("Tell", data="${variables}")
    play = Play(workflow(step("A", told), variables=compiled)).start({"fee": 2})
    assert play.command("Tell").data == {"a": 4, "b": {"twice": 8}}


def test_a_workflow_that_takes_too_long_is_taken_back() -> None:
    """Its own time is over, whatever its steps wait for."""
    steps = in_sequence(step("A", undo=True), step("B", timeout=9000))
    play = Play(workflow(*steps, timeout=3600)).start()
    play.answer("A")
    play.advance(3600)
    assert play.status == "compensating"
    assert play.state.error == {"step": None, "type": "timeout", "reason": "not done within 1h"}


@pytest.mark.parametrize(
    ("how", "status"), [("ADone", "completed"), ("ADenied", "faulted"), ("cancel", "cancelled")]
)
def test_the_last_messages_may_say_how_it_ended(how: str, status: str) -> None:
    """Not that it was running, or being taken back, until just now."""
    last = act("Ended", {"status": "${instance.status}", "key": "${instance.key}"})
    play = Play(workflow(step("A"), then=(last,), otherwise=(last,))).start()
    if how == "cancel":
        play.order("cancel")
    play.reply("DoA", "ADone" if how == "cancel" else how)
    assert play.command("Ended").data == {"status": status, "key": KEY}


def test_what_is_remembered_is_history() -> None:
    """``instances show`` draws it: when each step was opened and closed."""
    play = Play(workflow(*THREE)).start()
    play.advance(5)
    play.answer("A")
    task = play.state.tasks["A"]
    at = round(START.timestamp() * 1000)
    assert (task.opened, task.closed, task.attempt) == (at, at + 5000, 1)


def test_an_answer_that_does_not_fit_in_needs_a_person() -> None:
    """It may not wait for ever, nor count as done: the reason says what the service must do."""
    steps = in_sequence(step("X", undo=True), step("A", undo=True, timeout=60), step("B"))
    play = Play(workflow(*steps)).start()
    play.answer("X")
    play.answer("A", data="x" * 2**20)
    assert (play.status, play.step("A")) == ("incident", "incident")
    assert "over the limit of 1,048,576" in play.state.incidents["A"]
    assert "claim check" in play.state.incidents["A"]
    play.order("retry", step="A")
    play.answer("A", data="small")
    assert (play.types[-1], play.status) == ("DoB", "running")


def test_what_gave_too_much_may_be_skipped_and_is_taken_back() -> None:
    """It had its effect, whatever became of its answer."""
    steps = in_sequence(step("A", undo=True), step("B"))
    play = Play(workflow(*steps)).start()
    play.answer("A", data="x" * 2**20)
    play.order("skip", step="A")
    play.reply("DoB", "BDenied")
    assert (play.types, play.status) == (["DoA", "DoB", "UndoA"], "faulted")
