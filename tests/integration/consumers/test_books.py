"""What admissions, legislation and analytics keep in Redis: atomic, and never twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from consumers.admissions.__main__ import interviews
from consumers.admissions.bookings import Bookings
from consumers.admissions.programs import interview_times
from consumers.admissions.service import decide, open_bookings, schedule
from consumers.analytics.__main__ import listed
from consumers.analytics.ledger import Ledger
from consumers.analytics.service import compile_digest, open_ledger, record
from consumers.legislation.__main__ import printed
from consumers.legislation.service import open_book, update
from consumers.legislation.statutes import StatuteBook
from consumers.messages.admissions import DecideAdmission, ScheduleInterview
from consumers.messages.analytics import CompileDigest, RecordRepeatOffender
from consumers.messages.legislation import Statute, UpdateStatutes
from consumers.messages.message import Person
from orchestrator.service import Reject
from tests.unit.consumers.contexts import NOW, context

if TYPE_CHECKING:
    from consumers.store import Store

YARA = Person(name="Yara Holm", email="yara.holm@example.org")


def decision(interview: object, *, eligible: bool = True) -> DecideAdmission:
    return DecideAdmission.model_validate(
        {
            "applicant": YARA,
            "program": "surveying",
            "eligible": eligible,
            "reasons": [],
            "interview_at": interview,
        }
    )


async def test_every_application_gets_a_time_of_its_own(store: Store) -> None:
    """Also when thirty come at once, each of them twice: no time is given twice, none is wasted."""
    times = interview_times(NOW)
    bookings = Bookings(store)

    found = await asyncio.gather(*(bookings.book(f"A-{n % 30}", times) for n in range(60)))

    assert sorted({time for time in found if time}) == times[:30]
    assert [found[n] for n in range(30)] == found[30:]


async def test_without_a_free_time_a_person_must_decide(store: Store) -> None:
    """No attempt would find one."""
    bookings = Bookings(store)
    for number, _ in enumerate(interview_times(NOW)):
        await bookings.book(f"A-{number}", interview_times(NOW)[number : number + 1])

    with pytest.raises(Reject, match="no time for an interview is free"):
        await schedule(
            ScheduleInterview(applicant=YARA, program="nursing"),
            context(bookings, case="A-9999"),
        )


async def test_seats_are_given_until_there_are_none(store: Store) -> None:
    """Fifteen of twenty at once; the others wait, and give their interviews back."""
    bookings = Bookings(store)
    command = ScheduleInterview(applicant=YARA, program="surveying")
    contexts = [context(bookings, f"k{n}", f"A-{n}") for n in range(20)]
    booked = await asyncio.gather(*(schedule(command, each) for each in contexts))

    replies = await asyncio.gather(
        *(decide(decision(b.interview_at), c) for b, c in zip(booked, contexts, strict=True))
    )

    assert sorted(reply.decision for reply in replies) == ["admitted"] * 15 + ["waitlisted"] * 5
    assert sum(reply.interview_at is None for reply in replies) == 5
    assert len(await bookings.interviews()) == 15


async def test_a_decision_stays(store: Store) -> None:
    """A command that comes again, or another one, gets the first answer, and takes no second seat.

    Neither does a late repetition book the interview again that was given back.
    """
    bookings = Bookings(store)
    each = context(bookings, case="A-1")
    command = ScheduleInterview(applicant=YARA, program="surveying")
    booked = await schedule(command, each)

    refused = await decide(decision(booked.interview_at, eligible=False), each)
    again = await decide(decision(booked.interview_at), each)

    assert (refused.decision, again.decision) == ("refused", "refused")
    assert await schedule(command, each) == booked
    assert await bookings.interviews() == {}


async def test_the_interviews_can_be_looked_at(store: Store) -> None:  # noqa: ARG001 - its environment
    """``python -m consumers.admissions`` says who comes when."""
    async with open_bookings() as bookings:
        await bookings.book("A-2", [NOW + timedelta(minutes=30)])
        await bookings.book("A-1", [NOW])

    assert await interviews() == "2026-03-01 09:00\tA-1\n2026-03-01 09:30\tA-2"


async def test_a_bill_is_entered_whole_and_once(store: Store) -> None:
    """A repeated command says the same again; a second bill makes second versions."""
    book = StatuteBook(store)
    command = UpdateStatutes(
        bill="HB-101",
        effective_on=date(2026, 7, 1),
        statutes=[Statute(section="LAB 1", text="Old."), Statute(section="LAB 2", text="B.")],
    )
    later = UpdateStatutes(
        bill="HB-102",
        effective_on=date(2026, 8, 1),
        statutes=[Statute(section="LAB 1", text="New.")],
    )

    replies = [await update(command, context(book)) for _ in range(2)]
    second = await update(later, context(book))

    assert replies[0] == replies[1]
    assert [(s.section, s.version) for s in replies[0].sections] == [("LAB 1", 1), ("LAB 2", 1)]
    assert [(s.section, s.version) for s in second.sections] == [("LAB 1", 2)]
    assert {name: text.text for name, text in (await book.texts()).items()} == {
        "LAB 1": "New.",
        "LAB 2": "B.",
    }


async def test_what_takes_effect_later_is_the_law(store: Store) -> None:
    """Bills can arrive in any order."""
    book = StatuteBook(store)
    for bill, day, text in (("HB-2", date(2026, 8, 1), "New."), ("HB-1", date(2026, 7, 1), "Old.")):
        await book.enter(bill, day, [Statute(section="LAB 1", text=text)])

    assert (await book.texts())["LAB 1"].text == "New."


async def test_the_statute_book_can_be_looked_at(store: Store) -> None:  # noqa: ARG001 - its environment
    """``python -m consumers.legislation`` prints the law."""
    async with open_book() as book:
        await book.enter("HB-1", date(2026, 7, 1), [Statute(section="LAB 1", text="Pay.")])

    assert await printed() == "LAB 1\t2026-07-01\tHB-1\tPay."


async def test_an_employer_is_put_on_the_list_once_per_command(store: Store) -> None:
    """A command that comes again counts once; the next series counts anew."""
    ledger = Ledger(store)
    command = RecordRepeatOffender(employer="Harbor Logistics", complaint="C-1017")

    replies = [await record(command, context(ledger, key)) for key in ("k1", "k1", "k2", "k1")]

    assert [reply.times for reply in replies] == [1, 1, 2, 1]
    assert await ledger.offenders() == {"Harbor Logistics": 2}


async def test_the_list_can_be_looked_at(store: Store) -> None:  # noqa: ARG001 - its environment
    """``python -m consumers.analytics`` prints whoever stands out most first."""
    async with open_ledger() as ledger:
        for employer, key in (("Mint", "1"), ("Quarry Works", "2"), ("Quarry Works", "3")):
            await ledger.note_offender(employer, key, NOW.date())

    assert await listed() == "Quarry Works\t2\nMint\t1"


async def test_a_digest_sums_up_the_week_before(store: Store) -> None:
    """Asked for on any day it is the last whole week; Sunday belongs to the Monday before."""
    ledger = Ledger(store)
    for employer, key in (("Mint", "1"), ("Quarry Works", "2"), ("Quarry Works", "3")):
        await record(RecordRepeatOffender(employer=employer, complaint="C-1"), context(ledger, key))

    asked = [datetime(2026, 3, day, 8, tzinfo=UTC) for day in (2, 2, 8, 9)]
    digests = [await compile_digest(CompileDigest(until=until), context(ledger)) for until in asked]

    assert digests[0] == digests[1] == digests[2]
    assert (digests[0].week, digests[0].alerts) == (date(2026, 2, 23), 3)
    assert digests[0].text == "Quarry Works: 2\nMint: 1\n"
    assert (digests[3].week, digests[3].alerts) == (date(2026, 3, 2), 0)
    assert digests[3].text == "Nobody stood out.\n"


async def test_an_old_week_is_forgotten(store: Store) -> None:
    """Weeks would otherwise pile up for ever."""
    await Ledger(store).note_offender("Mint", "k1", NOW.date())

    assert await store.run("return redis.call('TTL', KEYS[1])", ["week:2026-02-23"]) > 0
