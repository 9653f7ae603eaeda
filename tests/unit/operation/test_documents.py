"""Workflows and their instances as documents: all that is known, in values of JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.core.decision import Instance
from orchestrator.core.directory import Live, Snapshot
from orchestrator.core.workflow.definition import Route
from orchestrator.core.workflow.state import unpack
from orchestrator.operation.account import account, began, is_workflow, outputs
from orchestrator.operation.outline import document
from orchestrator.ports import InstanceKey
from tests.unit.core.workflow.build import (
    approval,
    awaited,
    command,
    each,
    group,
    in_sequence,
    run,
    step,
    undo,
    wait,
    workflow,
)
from tests.unit.core.workflow.play import KEY, Play

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Step

AT = InstanceKey("flow", KEY)


def told(play: Play) -> dict[str, Any]:
    """Return the account of an instance, as JSON gives it back."""
    assert play.instance is not None
    loaded = replace(play.instance, parts=play.parts)
    found: dict[str, Any] = orjson.loads(orjson.dumps(account(AT, loaded)))
    return found


def steps_of(play: Play) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in told(play)["steps"]}


def test_an_account_says_who_it_is_about_and_since_when() -> None:
    """Whoever looks at a case sees the same facts, by HTTP and on a terminal."""
    play = Play(workflow(step("A"), timeout=60)).start({"fee": 9})
    shown = told(play)
    assert shown["id"] == play.state.id
    assert {name: shown[name] for name in ("workflow", "key", "status", "started_at")} == {
        "workflow": "flow",
        "key": KEY,
        "status": "running",
        "started_at": "2026-03-01T09:00:00.000+00:00",
    }
    assert (shown["deadline"], shown["ended_at"]) == ("2026-03-01T09:01:00.000+00:00", None)
    assert (shown["input"], shown["error"], shown["incidents"]) == ({"fee": 9}, None, {})


def test_a_step_that_failed_says_why_and_what_was_taken_back() -> None:
    """The compensation of a step stands with the step it undoes."""
    play = Play(workflow(*in_sequence(step("A", undo=undo("UndoA", "AUndone")), step("B")))).start()
    play.answer("A", data={"n": 1})
    play.reply("DoB", "BDenied", {"why": "no room"})
    steps = steps_of(play)
    assert steps["A"]["compensation"]["name"] == "A~"
    assert steps["A"]["compensation"]["status"] == "running"
    assert (steps["A"]["output"], steps["B"]["status"]) == ({"n": 1}, "failed")
    assert steps["B"]["error"]["type"] == "refused"


def test_a_step_that_waits_for_a_person_says_for_whom() -> None:
    """A list of what to decide is made from it."""
    shown = steps_of(Play(workflow(step("A", approval("chief", 3600)))).start())["A"]
    assert (shown["role"], shown["due"]) == ("chief", "2026-03-01T10:00:00.000+00:00")


def test_a_for_each_says_how_far_it_is_and_what_it_gave() -> None:
    """The items are in pieces of their own; their outputs come in the order of the list."""
    items = step("A", command("DoA", "ADone", data={}), for_each=each("[1, 2, 3]", 3))
    play = Play(workflow(items)).start()
    first, second, third = play.sent
    for number, asked in ((3, third), (1, first)):
        play.reply(asked, "ADone", {"n": number})
    assert (
        steps_of(play)["A"]["items"] | {"total": 3, "done": 2, "open": 1}
        == (steps_of(play)["A"]["items"])
    )
    play.reply(second, "ADone", {"n": 2})
    assert play.instance is not None
    whole = Instance(
        play.instance.version, play.instance.state, play.instance.status, "", play.parts
    )
    assert outputs(whole) == {"A": [{"n": 1}, {"n": 2}, {"n": 3}]}


def test_only_what_is_completed_has_an_output() -> None:
    """Null would be taken for what a step gave."""
    play = Play(workflow(step("A"), step("B", guard="false"), step("C"))).start()
    play.answer("A", data={"n": 1})
    assert play.instance is not None
    assert outputs(play.instance) == {"A": {"n": 1}}


def test_what_a_rule_remembers_is_not_taken_for_a_workflow() -> None:
    """Both are open under the same key, and only one has steps."""
    play = Play(workflow(step("A"))).start()
    assert play.instance is not None
    assert is_workflow(play.instance)
    assert began(play.instance, unpack(play.instance.state).id, "another message")
    assert not began(play.instance, "another instance", "another message")
    assert not is_workflow(Instance(play.instance.version, b'{"kept":{}}'))
    assert not is_workflow(Instance(play.instance.version, b""))


@pytest.mark.parametrize(
    ("one", "kind", "sends", "awaits"),
    [
        (step("A"), "send", "DoA", ["ADone", "ADenied"]),
        (step("A", awaited("Paid")), "await", None, ["Paid"]),
        (step("A", wait(60)), "wait", None, []),
        (step("A", approval("chief")), "approve", None, ["ApprovalGiven"]),
        (step("A", run("other")), "run", "other", []),
        (group("A", step("B")), "group", None, []),
    ],
)
def test_a_step_says_what_it_does(
    one: Step, kind: str, sends: str | None, awaits: list[str]
) -> None:
    """A diagram is drawn from it, without reading YAML."""
    (shown,) = document(workflow(one))["steps"]
    assert (shown["kind"], shown["sends"], shown["awaits"]) == (kind, sends, awaits)


def test_a_workflow_says_how_its_steps_depend() -> None:
    """Members stand in their group; conditions, items and compensations are told."""
    loop = step("B", command("DoB"), for_each=each("[1]"), after=("A",), guard="true")
    shown = document(workflow(group("G", step("A", undo=True), loop), timeout=90))
    first, second = shown["steps"][0]["steps"]
    assert (shown["starts"], shown["timeout_seconds"]) == (["Started"], 90)
    assert (first["compensated_by"], second["compensated_by"]) == ("UndoA", None)
    assert (second["depends_on"], second["conditional"], second["repeated"]) == (["A"], True, True)


def test_items_that_wait_for_a_service_say_for_whom() -> None:
    """Where nobody lives who could do it, "0 of 3" alone would tell nobody what to start."""
    pump = command("Pump", "Pumped", route=Route("pump", "least_busy"))
    play = Play(workflow(*in_sequence(step("A", pump, for_each=each("[1, 2, 3]")), step("B"))))
    play.start()
    assert steps_of(play)["A"]["error"] == {
        "type": "unrouted",
        "reason": "waits for somebody who can pump",
    }
    play.directory = Snapshot({"p": Live("p", "p", 0)}, {"pump": ("p",)})
    play.advance(1)
    assert steps_of(play)["A"]["error"] is None
