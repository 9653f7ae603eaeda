"""Instances that are listed, shown and cancelled over HTTP, and the workflows they are of."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest

from tests.engine.office import APPLICATION, FILE, NO_RULES, NOTICES, PERMITS, office, rulebook

if TYPE_CHECKING:
    from tests.engine.conftest import NewStore
    from tests.engine.office import Office

LIST = "/workflows/instances"


async def test_cancelling_compensates() -> None:
    """Cancelling is no deletion: what was done is taken back."""
    async with office() as there:
        started = await there.client.post(PERMITS, json={"input": APPLICATION})
        await there.settle()
        cancelled = await there.client.delete(started.json()["address"])
        await there.settle()
        await there.answer()
        after = await there.client.get(started.json()["address"])
        again = await there.client.delete(started.json()["address"])
        sent = [message.type for message in there.broker.published]

    assert (cancelled.status_code, again.status_code) == (202, 409)
    assert after.json()["status"] == "cancelled"
    assert "SendNotification" in sent


async def test_what_is_being_taken_back_cannot_be_cancelled() -> None:
    """An order that does not fit would end as a dead letter, which nobody at a web form sees."""
    async with office() as there:
        started = await there.client.post(PERMITS, json={"input": APPLICATION})
        await there.settle()
        await there.client.delete(started.json()["address"])
        await there.settle()
        again = await there.client.delete(started.json()["address"])

    assert again.status_code == 409
    assert "compensating already" in again.json()["detail"]


async def test_an_instance_outlives_its_workflow() -> None:
    """A workflow that left the rules folder may have left instances that somebody must end."""
    async with office() as there:
        started = await there.client.post(PERMITS, json={"input": APPLICATION})
        await there.settle()
        there.rulebook = NO_RULES
        shown = await there.client.get(started.headers["Location"])
        cancelled = await there.client.delete(started.headers["Location"])

    assert (shown.status_code, cancelled.status_code) == (200, 202)


@pytest.mark.parametrize(
    "key",
    [
        *("a/b", "a/../b", "/../../ready", "a/.", "a//b", "a/", "..", "%2e%2e/x", "a%2Fb", "ü ?#"),
        *("a\nb", "a\n", "\r\n", "a\t\u2028"),
    ],
)
async def test_an_address_leads_to_its_instance(key: str) -> None:
    """Clients take `..` out of paths, and then look for another instance, or something else."""
    async with office() as there:
        asked = {"input": APPLICATION, "key": key}
        started = await there.client.post(PERMITS, json=asked)
        await there.settle()
        shown = await there.client.get(started.headers["Location"])

    assert shown.json()["key"] == key


async def keys_of(there: Office, asked: dict[str, str]) -> list[str]:
    """The keys of all pages of a list, one page after the other."""
    return [key for page in await pages_of(there, asked) for key in page]


async def pages_of(there: Office, asked: dict[str, str]) -> list[list[str]]:
    """The pages of a list: the keys on each."""
    found: list[list[str]] = []
    after: dict[str, str] = {}
    for _ in range(20):
        answer = await there.client.get(LIST, params={**asked, **after, "limit": "2"})
        found.append([each["key"] for each in answer.json()["instances"]])
        if answer.json()["next"] is None:
            return found
        after = {"after": answer.json()["next"]}
    pytest.fail("it has no last page")


async def test_pages_hold_every_instance_once(new_store: NewStore) -> None:
    """A list of thousands is read page by page, open ones and ended ones alike.

    All that one batch writes share a moment: a page that ends among them repeats and passes none.
    """
    async with office(store=new_store()) as there:
        for number in range(5):
            application = APPLICATION | {"address": f"{number} Road"}
            await there.client.post(PERMITS, json={"input": application})
            note = {"input": {"to": "a@b.example"}, "key": f"N-{number}"}
            await there.client.post(NOTICES, json=note)
        await there.settle()
        opened = await keys_of(there, {"workflow": "permits"})
        ended = await keys_of(there, {"status": "completed"})
        none = await there.client.get(LIST, params={"status": "faulted"})

    assert sorted(opened) == [f"{number} Road" for number in range(5)]
    assert sorted(ended) == [f"N-{number}" for number in range(5)]
    assert none.json() == {"instances": [], "next": None}


JOIN = """
- name: pair
  when: {all: [PermitApplicationSubmitted, ComplaintWithdrawn]}
  within: 2d
  then: [CloseCase]
"""


async def test_a_list_holds_workflows_that_left_the_rules_and_no_joins(new_store: NewStore) -> None:
    """Somebody must end what they left; and a page that is not the last one is full."""
    async with office(rules=rulebook(FILE, JOIN), store=new_store()) as there:
        for number in range(3):
            application = APPLICATION | {"address": f"{number} Road"}
            await there.client.post(PERMITS, json={"input": application})
            note = {"input": {"to": "a@b.example"}, "key": f"N-{number}"}
            await there.client.post(NOTICES, json=note)
            await there.withdraw(f"J-{number}")
        await there.settle()
        pages = [
            await pages_of(there, asked)
            for there.rulebook in (there.rulebook, rulebook(JOIN), NO_RULES)
            for asked in ({}, {"status": "completed"})
        ]

    addresses, notes = ["0 Road", "1 Road", "2 Road"], ["N-0", "N-1", "N-2"]
    assert [sorted(chain(*each)) for each in pages] == [addresses, notes] * 3
    assert [[len(page) for page in each] for each in pages] == [[2, 1]] * 6


async def test_a_place_in_another_list_is_refused() -> None:
    """Going on anywhere else would pass over instances without a word."""
    async with office() as there:
        for _ in range(2):
            await there.client.post(NOTICES, json={"input": {"to": "a@b.example"}})
        await there.settle()
        page = await there.client.get(LIST, params={"status": "completed", "limit": "1"})
        answer = await there.client.get(LIST, params={"after": page.json()["next"]})

    assert answer.status_code == 422
    assert "keep the `status` of the page before" in answer.json()["detail"]


async def test_a_workflow_shows_its_steps() -> None:
    """Whoever draws a form or a diagram needs the steps and what starts them."""
    async with office() as there:
        listed = await there.client.get("/workflows")
        shown = await there.client.get("/workflows/permits")

    assert [each["name"] for each in listed.json()] == ["permits", "notices"]
    (step,) = shown.json()["steps"]
    assert (step["sends"], step["awaits"]) == ("ReviewPermit", ["PermitReviewed"])
    assert step["compensated_by"] == "SendNotification"
