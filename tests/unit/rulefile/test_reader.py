"""What a correct rule file means: triggers, actions, names, revisions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.definitions import Rule, Rulebook
from orchestrator.errors import ExpressionError
from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from tests.unit.rulefile.conftest import Sent

COMPLAINT = {
    "complainant": {"name": "Ada Keller", "email": "ada@example.org"},
    "category": "overtime-pay",
    "employer": "Harbor Logistics",
    "amount": 12400.5,
    "region": "north",
}


def rulebook(catalog: Catalog, *texts: str) -> Rulebook:
    """Read files named f0.yaml, f1.yaml, ... that must be without errors."""
    files = [(f"rules/f{index}.yaml", text) for index, text in enumerate(texts)]
    book, problems = read_rules(files, catalog)
    assert book is not None, problems
    return book


def only_rule(catalog: Catalog, text: str) -> Rule:
    """Read a file with one rule."""
    (definition,) = rulebook(catalog, text).definitions
    assert isinstance(definition, Rule)
    return definition


def test_the_smallest_file(catalog: Catalog, sent: Sent) -> None:
    """Without `with`, a command's data is the event's data, unchanged."""
    rule = only_rule(catalog, "- when: ComplaintFiled\n  then: [SendAcknowledgment, CloseCase]")

    assert sent(rule, "ComplaintFiled", COMPLAINT) == [
        ("SendAcknowledgment", COMPLAINT),
        ("CloseCase", COMPLAINT),
    ]


FULL = """
rules:
  - name: intake
    description: all there is
    when: [ComplaintFiled, ComplaintWithdrawn]
    if: data.amount > 100
    for_each: '["a", "b"]'
    as: desk
    then:
      - CloseCase: {reason: "${desk}: ${data.category}"}
      - send: CloseCase
        for_each: '[1, 2]'
        if: item > 1
        with: {reason: "${desk}${item}", amount: "${data.amount}"}
"""


def test_the_fullest_rule(catalog: Catalog, sent: Sent) -> None:
    """Rule items are outside, action items inside; a lone template keeps its type."""
    rule = only_rule(catalog, FULL)

    assert (rule.name, rule.description) == ("intake", "all there is")
    assert rule.triggers == ("ComplaintFiled", "ComplaintWithdrawn")
    assert sent(rule, "ComplaintFiled", COMPLAINT) == [
        ("CloseCase", {"reason": "a: overtime-pay"}),
        ("CloseCase", {"reason": "a2", "amount": 12400.5}),
        ("CloseCase", {"reason": "b: overtime-pay"}),
        ("CloseCase", {"reason": "b2", "amount": 12400.5}),
    ]


def test_the_condition_of_a_rule_decides(catalog: Catalog, sent: Sent) -> None:
    """The control of the test above: nothing is sent where the condition does not hold."""
    small = {**COMPLAINT, "amount": 100}

    assert sent(only_rule(catalog, FULL), "ComplaintFiled", small) == []


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("{CloseCase: {reason: done}}", {"reason": "done"}),
        ("{send: CloseCase, with: {reason: done}}", {"reason": "done"}),
        ("{CloseCase: {}}", {}),
        ("{CloseCase: '${data.complainant}'}", COMPLAINT["complainant"]),
        ("{send: CloseCase}", COMPLAINT),
        ("CloseCase", COMPLAINT),
    ],
)
def test_action_forms(catalog: Catalog, sent: Sent, text: str, data: object) -> None:
    """Bare, short and full form are three ways to say one thing."""
    rule = only_rule(catalog, f"[{{when: ComplaintFiled, then: [{text}]}}]")

    assert sent(rule, "ComplaintFiled", COMPLAINT) == [("CloseCase", data)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- when: ComplaintFiled\n  if: data.amount > data.limit\n  then: [CloseCase]", "2:21"),
        ("- when: ComplaintFiled\n  then:\n  - CloseCase: |\n      ${\n      data.clerk}", "5:7"),
    ],
)
def test_an_expression_that_fails_on_data_names_its_place(
    catalog: Catalog, sent: Sent, text: str, place: str
) -> None:
    """A dead letter leads to the very characters in the file, long after it was loaded."""
    with pytest.raises(ExpressionError) as failure:
        sent(only_rule(catalog, text), "ComplaintFiled", COMPLAINT)

    assert str(failure.value).startswith(f"rules/f0.yaml:{place}: ")


def test_names_without_a_name(catalog: Catalog) -> None:
    """Numbers count in file order and include rules that are switched off."""
    rule = "- when: [{}, CaseClosed]\n  enabled: {}\n  then: [SendAcknowledgment]\n"
    text = rule.format("ComplaintFiled", "true") + rule.format("ComplaintFiled", "false")
    text += rule.format("ComplaintFiled", "true") + rule.format("ComplaintWithdrawn", "true")

    assert [definition.name for definition in rulebook(catalog, text, text).definitions] == [
        "f0.ComplaintFiled",
        "f0.ComplaintFiled-3",
        "f0.ComplaintWithdrawn",
        "f1.ComplaintFiled",
        "f1.ComplaintFiled-3",
        "f1.ComplaintWithdrawn",
    ]


def test_names_are_unique_across_files(catalog: Catalog) -> None:
    """A reaction is identified by event and rule name: namesakes would swallow each other's."""
    text = "- {name: same, when: CaseClosed, then: [SendAcknowledgment]}"

    book, problems = read_rules([("a.yaml", text), ("b.yaml", text)], catalog)

    assert book is None
    assert [str(problem) for problem in problems] == [
        'b.yaml:1:10: error: rule name "same" is already taken at a.yaml:1:10: change it'
    ]


def test_a_file_whose_name_cannot_name_rules(catalog: Catalog) -> None:
    """Rule names travel in headers and keys: a blank in a file name must not end up there."""
    text = "- {when: CaseClosed, then: [SendAcknowledgment]}"

    book, problems = read_rules([("my rules.yaml", text)], catalog)

    assert book is None
    (problem,) = problems
    assert str(problem) == (
        'my rules.yaml:1:3: error: "my rules.CaseClosed" cannot name this rule: '
        "give it a `name`, or rename the file"
    )


def test_contracts_of_all_types_and_channels_of_those_in_use(catalog: Catalog) -> None:
    """The input queue is bound to the channels that rules use, and to no others."""
    book = rulebook(
        catalog,
        "- {when: [ComplaintFiled, CaseClosed], then: [SendAcknowledgment]}\n"
        "- {when: PermitIssued, enabled: false, then: [SendNotification]}",
    )

    assert book.contracts == catalog.types
    assert book.channels == {"complaints.v1", "hr.v1"}


REWRITTEN = """
- then:
    - send: CloseCase
      with:
        reason: "a"
  if: 'data.amount > 1'
  when: [ComplaintFiled]
  name: r
"""
BASE = "- {name: r, when: ComplaintFiled, if: data.amount > 1, then: [{CloseCase: {reason: a}}]}"


@pytest.mark.parametrize(
    "other",
    [
        REWRITTEN,
        BASE.replace("name: r", "name: r, description: what for, enabled: true"),
        f"# a comment\nrules:\n{BASE}",
    ],
)
def test_the_revision_stays_when_only_the_writing_changes(catalog: Catalog, other: str) -> None:
    """Reformatting a file must not look like a change of behaviour."""
    assert only_rule(catalog, other).revision == only_rule(catalog, BASE).revision
    assert rulebook(catalog, other).revision == rulebook(catalog, BASE).revision


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: r", "name: s"),
        ("ComplaintFiled", "CaseClosed"),
        ("> 1", "> 2"),
        ("CloseCase:", "SendAcknowledgment:"),
        ("reason: a", "reason: b"),
        ("then", "for_each: '[1]', then"),
    ],
)
def test_the_revision_changes_with_the_meaning(catalog: Catalog, old: str, new: str) -> None:
    """What was sent carries the revision, so that one can tell which text it came from."""
    base = BASE.replace("reason: a", "to: a@example.org, text: t, reason: a")
    changed = base.replace(old, new)

    assert changed != base
    assert only_rule(catalog, changed).revision != only_rule(catalog, base).revision
    assert rulebook(catalog, changed).revision != rulebook(catalog, base).revision


def test_the_rulebooks_revision_covers_the_catalog(catalog: Catalog) -> None:
    """The same rules under other schemas accept and send other data."""
    fewer = replace(catalog, types={n: t for n, t in catalog.types.items() if n != "PermitIssued"})

    assert rulebook(fewer, BASE).revision != rulebook(catalog, BASE).revision


def test_a_rule_that_is_switched_off_is_still_checked(catalog: Catalog) -> None:
    """Switching it on again must hold no surprise."""
    text = "- {when: CaseClosed, enabled: false, then: [SendAcknowledgment]}"

    assert rulebook(catalog, text).definitions == ()
    assert read_rules([("f", text.replace("SendA", "SendB"))], catalog)[0] is None


@pytest.mark.parametrize(
    "text",
    [
        "- {when: CloseCase, if: data.n > 0, then: [CloseCase]}",
        "- {when: CloseCase, for_each: data.parts, then: [CloseCase]}",
        "- {when: CloseCase, then: [{send: CloseCase, if: data.n > 0}]}",
        "- {when: CloseCase, enabled: false, then: [CloseCase]}",
    ],
)
def test_a_loop_that_can_end_is_allowed(catalog: Catalog, text: str) -> None:
    """Counting down is a legitimate rule; only a loop without any condition is refused."""
    rulebook(catalog, text)


def test_what_the_schemas_make_doubtful_runs_all_the_same(catalog: Catalog, sent: Sent) -> None:
    """Schemas are open: an event may carry a field that its document does not name yet."""
    text = "- {when: ComplaintFiled, if: data.urgent, then: [CloseCase]}"

    book, problems = read_rules([("f", text)], catalog)

    assert book is not None
    assert [problem.level for problem in problems] == ["warning"]
    assert sent(book.definitions[0], "ComplaintFiled", {"urgent": True})


@pytest.mark.parametrize(
    "condition",
    [
        'data.category == "safety"',
        "data.amount > 10.5 && data.complainant.email != data.region",
        'data["category"] in ["safety", "other"] || has(data.filed_at)',
        "event.anything.goes == 1",
        "[1, 2].exists(n, n == data.amount)",
    ],
)
def test_what_the_schemas_allow_is_not_doubted(catalog: Catalog, condition: str) -> None:
    """A warning about what is right teaches people not to read warnings."""
    text = f"- when: ComplaintFiled\n  if: '{condition}'\n  then: [CloseCase]"

    assert read_rules([("f", text)], catalog)[1] == []


def test_a_field_of_one_of_several_events_is_known(catalog: Catalog) -> None:
    """A rule for two events may ask which one it has."""
    text = "- {when: [ComplaintFiled, ComplaintWithdrawn], if: has(data.reason), then: [CloseCase]}"

    assert read_rules([("f", text)], catalog)[1] == []


@pytest.mark.parametrize("text", ["[]", "rules: []"])
def test_no_rules_are_a_rulebook(catalog: Catalog, text: str) -> None:
    """An installation begins with none."""
    assert rulebook(catalog, text).definitions == ()
    assert rulebook(catalog).definitions == ()


def test_an_undocumented_event_is_accepted_where_the_documents_say_so(catalog: Catalog) -> None:
    """A likely typo is a warning then, because nobody else would notice it."""
    undocumented = replace(catalog.types["ComplaintFiled"], name="")
    open_catalog = replace(catalog, undocumented=undocumented)
    text = "- {when: %s, then: [SendAcknowledgment]}"

    assert read_rules([("f", text % "Zyzzyva")], open_catalog)[1] == []
    book, problems = read_rules([("f", text % "ComplaintFile")], open_catalog)
    assert book is not None
    (problem,) = problems
    assert str(problem) == (
        'f:1:10: warning: no document describes "ComplaintFile": did you mean "ComplaintFiled"?'
    )
