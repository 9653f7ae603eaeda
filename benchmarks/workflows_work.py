"""The work of the workflow benchmarks: commands of a case, and their answers. Measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from benchmarks.load import DATA
from benchmarks.workloads import Workload, document
from orchestrator.core.event import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = ("First", "Second", "Third")
INPUT = "work.v1"
COMMANDS = "echo.v1"
FINISHED = "finished.v1"

THREE_STEPS = """
workflows:
  - name: three-steps
    when: WorkRequested
    steps:
      first:
        send: DoFirst
        with: {applicant: "${input.complainant.email}", amount: "${input.amount}"}
        await: FirstDone
        timeout: 1d
        retry: 3
        compensate: UndoFirst
      second:
        send: DoSecond
        with: {applicant: "${input.complainant.email}", amount: "${steps.first.output.amount}"}
        await: SecondDone
        timeout: 1d
        retry: 3
        compensate: UndoSecond
      third:
        send: DoThird
        with: {applicant: "${input.complainant.email}", amount: "${steps.second.output.amount}"}
        await: ThirdDone
        timeout: 1d
    then:
      - WorkFinished:
          applicant: ${input.complainant.email}
          amount: ${steps.third.output.amount}
"""
FOR_EACH = """
workflows:
  - name: many-items
    when: WorkRequested
    announce: none
    steps:
      each:
        for_each: range(input.items)
        max_parallel: 100
        send: DoFirst
        with: {applicant: "${input.complainant.email}", amount: "${item}"}
        await: FirstDone
        timeout: 1d
    then: [WorkFinished]
"""


def three_steps() -> Workload:
    """Return a workflow of three commands, each with its answer; then one event."""
    return _workload(THREE_STEPS)


def for_each() -> Workload:
    """Return a workflow of one command per item, as many items as the event that starts it says."""
    return _workload(FOR_EACH)


def _workload(rules: str) -> Workload:
    commands = [f"Do{step}" for step in STEPS] + [f"Undo{step}" for step in STEPS]
    return Workload(
        rules=rules,
        document=document(
            {
                INPUT: ["WorkRequested", *(f"{step}Done" for step in STEPS)],
                COMMANDS: commands,
                FINISHED: ["WorkFinished"],
            }
        ),
        channel=INPUT,
        outputs={"echo": COMMANDS, "finished": FINISHED},
        handwritten="benchmarks.workflows_handwritten",
    )


def requested(number: int, **data: object) -> Message:
    """Return the event that starts a case."""
    return event("WorkRequested", f"w-{number:08d}", f"W-{number:08d}", None, {**DATA, **data})


def answer(body: bytes) -> Message | None:
    """Return the answer to a command; None to what is none."""
    command = orjson.loads(body)
    name = command["type"]
    if not name.startswith("Do"):
        return None
    asked, key = command["id"], command["correlationid"]
    return event(f"{name[2:]}Done", f"r-{asked}", key, asked, command["data"])


def event(name: str, event_id: str, key: str, cause: str | None, data: object) -> Message:
    """Return an event as a service publishes it."""
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": "echo",
        "type": name,
        "subject": key,
        "time": "2026-03-01T09:00:00Z",
        "datacontenttype": "application/json",
        "correlationid": key,
        "data": data,
    }
    if cause is not None:
        body["causationid"] = cause
    return Message(
        exchange=None,
        routing_key=INPUT,
        body=orjson.dumps(body),
        id=event_id,
        type=name,
        correlation_id=key,
        source="echo",
        time=None,
        content_type="application/cloudevents+json",
        headers={},
    )


def answers(bodies: Sequence[bytes]) -> list[Message]:
    """Return the answers to commands, in order."""
    return [found for body in bodies if (found := answer(body)) is not None]
