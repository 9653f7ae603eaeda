"""Workflows that are written once with parameters: what is filled in, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core.workflow import Workflow
from orchestrator.core.workflow.definition import Command
from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

TEMPLATE = """
workflows:
  - name: telling
    parameters: {value: any}
    when: PermitApplicationSubmitted
    if: ${parameters.value} == ${parameters.value}
    timeout: 1d
    steps:
      tell:
        send: SendNotification
        with: {to: a@example.org, subject: News, text: "it is ${parameters.value}!"}
  - {name: told, template: telling, parameters: {value: VALUE}}
"""
ELSEWHERE = """
workflows:
  - {name: one, template: reviewing, parameters: {command: ReviewPermit}}
  - {name: two, template: reviewing, parameters: {command: ReviewPermitt}}
  - {name: three, template: reviewing, parameters: {command: ReviewPermitt}}
"""
REVIEWING = """
workflows:
  - name: reviewing
    parameters: {command: string}
    timeout: 1d
    steps: {review: {send: "${parameters.command}"}}
"""


@pytest.mark.parametrize(
    ("value", "written"),
    [("true", "true"), ("2.5", "2.5"), ("[1, 2]", "[1,2]"), ("{a: null}", '{"a":null}')],
)
def test_a_value_inside_a_text_is_written_as_expressions_write_it(
    catalog: Catalog, value: str, written: str
) -> None:
    """Conditions are texts, too: the True of Python would mean nothing there."""
    rulebook, problems = read_rules([("f.yaml", TEMPLATE.replace("VALUE", value))], catalog)

    assert problems == []
    assert rulebook is not None
    workflow = rulebook.by_name["told"]
    assert isinstance(workflow, Workflow)
    (start,), (step,) = workflow.plan.starts, workflow.plan.steps
    assert start.guard is not None
    assert start.guard.source == f"{written} == {written}"
    assert isinstance(step.work, Command)
    assert step.work.data is not None
    assert step.work.data({}) == {
        "to": "a@example.org",
        "subject": "News",
        "text": f"it is {written}!",
    }


def test_a_mistake_that_only_some_make_names_them(catalog: Catalog) -> None:
    """The place is in the template, which is right for the others, and perhaps in another file."""
    files = [("entries.yaml", ELSEWHERE), ("template.yaml", REVIEWING)]

    rulebook, problems = read_rules(files, catalog)

    assert rulebook is None
    assert [str(problem) for problem in problems] == [
        (
            'template.yaml:6:28: error: unknown message type "ReviewPermitt": did you mean'
            ' "ReviewPermit"? (filled in by "two" at entries.yaml:4:5 and 1 more)'
        )
    ]


@pytest.mark.parametrize("kind", ["b", "building", "something longer than its name"])
def test_a_place_is_that_of_the_text_as_it_is_written(catalog: Catalog, kind: str) -> None:
    """What was filled in before it on the line may be longer or shorter."""
    condition = 'data.permit_type != "${parameters.kind}" && data.kind == "${parameters.kind}x"'
    text = TEMPLATE.replace("value: any", "kind: string").replace("value", "kind")
    text = text.replace("${parameters.kind} == ${parameters.kind}", condition)
    text = text.replace("VALUE", kind)
    line = next(line for line in text.splitlines() if condition in line)

    _, problems = read_rules([("f.yaml", text)], catalog)

    (column,) = {p.position.column for p in problems if 'no field "kind"' in p.message}
    assert column == line.index("data.kind") + len("data.") + 1


def test_a_template_that_nothing_fills_in_is_told(catalog: Catalog) -> None:
    """Nothing of it would ever run, and what is wrong in it would never be told."""
    rulebook, problems = read_rules([("f.yaml", REVIEWING)], catalog)

    assert rulebook is not None
    assert [str(problem) for problem in problems] == [
        (
            "f.yaml:3:5: warning: no workflow fills in this template, so nothing of it runs: name"
            " it in the `template` of one, or remove it"
        )
    ]


def test_a_template_is_kept_with_what_fills_it_in(catalog: Catalog) -> None:
    """An open instance must be understood when the file is gone."""
    one = "  - {name: one, template: reviewing, parameters: {command: ReviewPermit}}"
    rulebook, _ = read_rules([("f.yaml", REVIEWING + one)], catalog)
    assert rulebook is not None
    assert rulebook.recall is not None
    ((kept, written),) = rulebook.texts.items()

    assert rulebook.recall(kept, written).definition.revision == kept.revision
