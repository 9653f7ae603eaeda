"""What an instance makes of input that cannot be right: it is told, and never stuck unsaid."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.core.event import Message
from orchestrator.core.headers import ERROR
from tests.engine.office import APPLICATION, QUEUE, office, rulebook

if TYPE_CHECKING:
    from tests.engine.office import Office

RULES = rulebook("""
workflows:
  - name: permits
    timeout: 90d
    steps:
      review:
        send: ReviewPermit
        with: ${input.application}
        await: PermitReviewed
        compensate:
          send: DenyPermit
          with:
            applicant: ${input.application.applicant}
            permit_type: signage
            reasons: [withdrawn]
          await: PermitDenied
          fail_on: PermitIssued
      release: {approve: supervisor}
  - name: lists
    timeout: 90d
    steps:
      each:
        for_each: input.items
        send: SendNotification
        with: {to: a@b.example, subject: s, text: t}
""")
REVIEWED = {**APPLICATION, "decision": "approved", "fee": 7, "reasons": []}
AT = "/workflows/instances/permits:P-1"


async def tell(there: Office, event_type: str, data: object, cause: str | None = None) -> None:
    """Let an event of the case come in, whoever sent it."""
    body = {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": "somebody",
        "type": event_type,
        "correlationid": "P-1",
        "data": data,
        **({"causationid": cause} if cause else {}),
    }
    channel = RULES.contracts[event_type].channel
    await there.broker.publish([Message(None, channel, orjson.dumps(body), headers={})])
    await there.settle()


async def begin(there: Office, workflow: str = "permits", **given: Any) -> None:
    given = given or {"application": APPLICATION}
    path = f"/workflows/{workflow}/instances"
    answer = await there.client.post(path, json={"input": given, "key": "P-1"})
    assert answer.status_code == 202
    await there.settle()


async def look(there: Office, at: str = AT) -> dict[str, Any]:
    shown: dict[str, Any] = (await there.client.get(at)).json()
    return shown


def statuses(shown: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["status"] for each in shown["steps"]}


def last_words(there: Office) -> list[str]:
    """Return what the dead letters say."""
    letters = [one for one in there.broker.published if one.routing_key == f"{QUEUE}.dlq"]
    return [str(one.headers[ERROR]) for one in letters]


async def test_an_answer_that_breaks_its_schema_is_a_dead_letter() -> None:
    """The step still waits for one that does not, and its time goes on."""
    async with office(rules=RULES) as there:
        await begin(there)
        await tell(there, "PermitReviewed", {"decision": "perhaps"})
        shown = await look(there)
        (said,) = last_words(there)

    assert statuses(shown) == {"review": "running"}
    assert shown["deadline"] is not None
    assert said.startswith("PermitReviewed: ")


async def test_a_second_answer_changes_nothing() -> None:
    """Services answer twice; the first answer counts."""
    async with office(rules=RULES) as there:
        await begin(there)
        for fee in (7, 8):
            await tell(there, "PermitReviewed", REVIEWED | {"fee": fee})
        shown = await look(there)

    assert shown["outputs"]["review"]["fee"] == 7
    assert statuses(shown) == {"review": "completed", "release": "running"}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"step": "release", "role": "clerk"}, "step release of workflow permits for P-1 waits"),
        ({"step": "review", "role": "supervisor"}, "has no step review that a person decides"),
        ({"step": "relaese", "role": "supervisor"}, "has no step relaese"),
    ],
)
async def test_a_decision_that_does_not_fit_names_the_instance(
    told: dict[str, str], said: str
) -> None:
    """It came over the bus, so nobody could be told before; the dead letter says it."""
    async with office(rules=RULES) as there:
        await begin(there)
        await tell(there, "PermitReviewed", REVIEWED)
        decision = {"workflow": "permits", "decision": "approved", "by": "eve", **told}
        await tell(there, "ApprovalGiven", decision)
        shown = await look(there)
        (words,) = last_words(there)

    assert said in words
    assert statuses(shown)["release"] == "running"


async def test_what_comes_after_the_end_is_ignored() -> None:
    """A closed instance stays as it ended, whatever still comes."""
    async with office(rules=RULES) as there:
        await begin(there)
        await tell(there, "PermitReviewed", REVIEWED)
        decision = {"step": "release", "decision": "approved", "by": "ada", "role": "supervisor"}
        await tell(there, "ApprovalGiven", {"workflow": "permits", **decision})
        before = await look(there)
        await tell(there, "PermitReviewed", REVIEWED)
        after = await look(there)
        words = last_words(there)

    assert before["status"] == "completed"
    assert after == before
    assert words == []


async def test_a_compensation_that_is_refused_is_an_incident_with_its_reason() -> None:
    """It stands in the list of what needs a person, and says what is to be mended."""
    async with office(rules=RULES) as there:
        await begin(there)
        await tell(there, "PermitReviewed", REVIEWED)
        await there.client.delete(AT)
        await there.settle()
        issued = {"applicant": APPLICATION["applicant"], "permit_type": "signage"}
        await tell(
            there, "PermitIssued", issued | {"permit_number": "B-1", "valid_until": "2027-03-01"}
        )
        shown = await look(there)
        listed = await there.client.get("/workflows/instances?status=incident")

    assert last_words(there) == []
    assert shown["status"] == "incident"
    assert "review~" in shown["incidents"]
    assert shown["incidents"]["review~"]
    assert [each["key"] for each in listed.json()["instances"]] == ["P-1"]


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("a text", "for_each needs a list"),
        ({"a": 1}, "for_each needs a list"),
        (None, "for_each needs a list"),
        (list(range(10_001)), "for_each has 10,001 items, over the limit of 10,000"),
    ],
    ids=["text", "mapping", "null", "too many"],
)
async def test_a_list_that_is_none_fails_its_step_with_a_position(items: object, said: str) -> None:
    """The instance ends, and says which step of which file asked for what."""
    async with office(rules=RULES) as there:
        await begin(there, "lists", items=items)
        shown = await look(there, "/workflows/instances/lists:P-1")

    assert shown["status"] == "faulted"
    assert shown["error"]["step"] == "each"
    assert said in shown["error"]["reason"]
    assert "0.yaml:" in shown["error"]["reason"]
