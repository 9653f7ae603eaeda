"""Rules that can run and hardly mean what they say: what the check tells about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.catalog import Catalog, read_catalog
from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook

TESTDATA = Path(__file__).parent / "testdata"
DOUBTFUL_FILES = sorted(TESTDATA.glob("*.doubtful.yaml"))

BILLS = """
asyncapi: 3.0.0
info: {title: Bills, version: 1.0.0}
channels:
  bills:
    address: bills.v1
    messages:
      BillSent: {payload: {type: object}}
      BillPaid: {payload: {type: object}}
      BillLost: {payload: {type: object}}
      Remind: {x-kind: command, payload: {type: object}}
      Sue: {x-kind: command, payload: {type: object}}
components:
  messages:
    BillTorn: {payload: {type: object}}
OPERATIONS
"""
OPERATIONS = """
operations:
  tell:
    action: send
    channel: {$ref: '#/channels/bills'}
    messages:
      - {$ref: '#/channels/bills/messages/BillSent'}
      - {$ref: '#/channels/bills/messages/BillPaid'}
  remind:
    action: receive
    channel: {$ref: '#/channels/bills'}
    messages: [{$ref: '#/channels/bills/messages/Remind'}]
"""
LOST = (
    'no service and no rule here sends "BillLost": it may never come; if one does, add it to its'
    " operations"
)


def told(text: str, operations: str = OPERATIONS) -> tuple[Rulebook | None, list[str]]:
    """What the check says of rules about bills."""
    catalog, problems = read_catalog([("b.yaml", BILLS.replace("OPERATIONS", operations).encode())])
    assert catalog is not None, problems
    book, found = read_rules([("f.yaml", text)], catalog)
    return book, [str(problem) for problem in found]


@pytest.mark.parametrize("file", DOUBTFUL_FILES, ids=lambda file: file.name)
def test_every_doubt_is_told_where_it_is(file: Path, catalog: Catalog) -> None:
    """The messages are the product; the rules stay in force."""
    expected = file.with_name(file.name.replace(".doubtful.yaml", ".problems.txt")).read_text()

    rulebook, problems = read_rules([(file.name, file.read_bytes())], catalog)

    assert "".join(f"{problem}\n" for problem in problems) == expected
    assert {problem.level for problem in problems} == {"warning"}
    assert rulebook is not None


def test_doubts_wait_until_the_errors_are_mended(catalog: Catalog) -> None:
    """What was refused is missing, and would be held against the rules that need it."""
    text = "".join(file.read_text() for file in DOUBTFUL_FILES)

    _, problems = read_rules([("f.yaml", text + "- {when: ComplaintFiled, then: [No]}")], catalog)

    assert {problem.level for problem in problems if "may not have" not in problem.message} == {
        "error"
    }


@pytest.mark.parametrize(
    "when",
    [
        "{all: [BillSent, BillLost]}",
        "{sequence: [BillLost, BillSent]}",
        "{absent: BillLost, after: BillSent}",
        "{absent: BillSent, after: BillLost}",
        "{count: BillLost, at_least: 3}",
        "{at_least: 2, of: [BillSent, BillLost]}",
    ],
)
def test_what_can_never_be_complete_is_told(when: str) -> None:
    """Such a rule would only wait, and nobody would know why."""
    text = f"- {{name: r, when: {when}, within: 2d, then: [Remind]}}"

    assert told(text)[1] == [f"f.yaml:1:{text.index('BillLost') + 1}: warning: {LOST}"]


@pytest.mark.parametrize(
    "when", ["{at_least: 2, of: [BillSent, BillLost, BillPaid]}", "{all: [BillSent, BillPaid]}"]
)
def test_what_can_be_complete_is_left_alone(when: str) -> None:
    """Two of three are enough, whichever they are."""
    assert told(f"- {{name: r, when: {when}, within: 2d, then: [Remind]}}")[1] == []


def test_a_rule_that_nothing_triggers_is_told() -> None:
    """It is dead, unless somebody forgot to document who sends its event."""
    assert told("- {when: BillLost, then: [Remind]}")[1] == [f"f.yaml:1:10: warning: {LOST}"]
    assert told("- {when: [BillLost, BillSent], then: [Remind]}")[1] == []


def test_what_a_rule_sends_may_come() -> None:
    """Rules are senders too; one that is switched off is not."""
    waits = "- {name: w, when: {all: [BillSent, BillLost]}, within: 2d, then: [Remind]}\n"
    sends = "- {name: s, when: BillPaid, then: [BillLost]}\n"

    assert told(waits + sends)[1] == []
    assert len(told(waits + sends.replace("when", "enabled: false, when"))[1]) == 1


@pytest.mark.parametrize("operations", ["", OPERATIONS[: OPERATIONS.index("  tell")] + " {}"])
def test_without_operations_nobody_is_asked_who_sends(operations: str) -> None:
    """A small set-up that declares none is left in peace."""
    text = "- {when: BillLost, then: [Sue]}"
    assert told(text, operations)[1] == []


STEPS = """workflows:
  - {name: w, when: BillSent, timeout: 1d, steps: {s: {send: Remind, await: BillPaid}}}
"""


def test_what_a_workflow_waits_for_in_vain_is_told() -> None:
    """Nothing would start it, or its step would wait until the time is over."""
    assert told(STEPS)[1] == []
    for event_type in ("BillSent", "BillPaid"):
        text = STEPS.replace(event_type, "BillLost")
        column = text.index("BillLost") - text.index("\n")
        assert told(text)[1] == [f"f.yaml:2:{column}: warning: {LOST}"]


def test_one_answer_that_may_come_is_enough() -> None:
    """A step takes any of its answers."""
    assert told(STEPS.replace("BillPaid", "[BillLost, BillPaid]"))[1] == []


def test_a_command_that_no_service_receives_is_told() -> None:
    """It would lie in a queue, or in none."""
    assert told("- {when: BillSent, then: [Remind, Sue]}")[1] == [
        (
            'f.yaml:1:35: warning: no service receives "Sue": add it to the operations of the one'
            " that does, or send another"
        )
    ]


def test_a_command_that_sets_off_a_rule_is_received() -> None:
    """A rule may turn it into others."""
    assert told("- {when: BillSent, then: [Sue]}\n- {when: Sue, then: [Remind]}")[1] == []


def test_a_message_without_a_channel_cannot_be_sent() -> None:
    """Its name is known, so the message says what is missing."""
    book, found = told("- {when: BillSent, then: [BillTorn]}")

    assert book is None
    assert found == [
        (
            'f.yaml:1:27: error: "BillTorn" has no channel: list it among the messages of one in'
            " its document"
        )
    ]
