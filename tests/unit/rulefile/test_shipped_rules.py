"""The rules in rules/, run on the examples of the schemas they are shipped with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.definitions import Rule
from orchestrator.rulefile import read_rule_files, read_rules

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.core.definitions import Rulebook
    from tests.unit.rulefile.conftest import Sent


RULES = Path(__file__).parents[3] / "rules"


@pytest.fixture(scope="module")
def rulebook(catalog: Catalog) -> Rulebook:
    """The shipped rules, which are without problems."""
    rulebook, problems = read_rules(read_rule_files(RULES), catalog)
    assert problems == []
    assert rulebook is not None
    return rulebook


def test_every_stateless_rule_sends_something_valid_on_some_example(
    rulebook: Rulebook, catalog: Catalog, sent: Sent
) -> None:
    """A rule that never fires, or whose command breaks its schema, is not worth shipping.

    That those that remember fire is shown by their cases, in unit/ruletest/test_shipped_cases.py.
    """
    silent = [
        definition.name
        for definition in rulebook.definitions
        if isinstance(definition, Rule)
        and not any(
            sent(definition, event_type, example)
            for event_type in definition.triggers
            for example in catalog.types[event_type].examples
        )
    ]

    assert silent == []


def test_the_minimal_rule_stands_as_the_documentation_shows_it() -> None:
    """Four lines are a whole rule file."""
    assert (RULES / "complaints.yaml").read_text() == (
        "- when: ComplaintFiled\n  then:\n    - SendAcknowledgment\n    - AssignInvestigator\n"
    )


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (("PermitApplicationSubmitted", 0), ["ReviewPermit"]),
        (("PermitReviewed", 0), ["ChargePermitFee"]),
        (("PermitReviewed", 1), ["DenyPermit"]),
        (("PermitFeeCharged", 0), ["IssuePermit"]),
        (("PermitIssued", 0), ["SendNotification"]),
        (("PermitDenied", 0), ["SendNotification"]),
        (("InvestigatorAssigned", 0), ["SendNotification"]),
        (("CaseClosed", 0), ["SendNotification"]),
        (("CaseClosed", 1), []),
        (("CommandFailed", 0), ["SendNotification"]),
        (("InvestigatorReminded", 0), ["SendNotification"]),
        (("ApplicationSubmitted", 0), ["RunEligibilityCheck", "ScheduleInterview"]),
        (("AdmissionDecided", 0), ["SendNotification"]),
        (("CasinoAuditCompleted", 1), ["GenerateReport", "NotifyTribeCouncil"]),
        (("ReportGenerated", 0), ["SendNotification"]),
        (("NoticeIssued", 1), ["SendNotification"]),
        (("BillSigned", 0), ["UpdateStatutes", "AlertAgencies", "ArchivePdf"]),
        (("AgenciesAlerted", 0), ["SendNotification", "SendNotification"]),
        (("RepeatOffenderRecorded", 0), ["SendNotification"]),
    ],
)
def test_the_way_of_a_case(
    rulebook: Rulebook, catalog: Catalog, sent: Sent, step: tuple[str, int], expected: list[str]
) -> None:
    """Each step of an application, and the follow-up of a complaint, leads to the next."""
    event_type, index = step
    example = catalog.types[event_type].examples[index]

    messages = [
        message
        for definition, _ in rulebook.by_type[event_type]
        for message in sent(definition, event_type, example)
    ]

    assert [name for name, _ in messages] == expected


def test_a_large_claim_goes_to_everybody_in_charge(
    rulebook: Rulebook, catalog: Catalog, sent: Sent
) -> None:
    """The fuller rule fans out: one message for each address."""
    (rule,) = (d for d in rulebook.definitions if d.name == "large-claim")
    overtime, safety = catalog.types["ComplaintFiled"].examples

    addresses = [data["to"] for _, data in sent(rule, "ComplaintFiled", overtime)]
    assert addresses == ["supervisor@example.org", "legal@example.org"]
    assert sent(rule, "ComplaintFiled", safety) == []
