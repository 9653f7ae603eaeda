"""The picture of the rules: what is in it, and that no name can break it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.rulefile.dot import dot
from orchestrator.rulefile.graph import Arrow, Graph, Node, draw
from orchestrator.rulefile.mermaid import mermaid

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

RULES = """
- name: first
  when: ComplaintFiled
  if: data.category == "safety"
  then:
    - SendAcknowledgment
    - {send: CloseCase, after: 36h}
- name: together
  when: {sequence: [ComplaintFiled, CaseClosed]}
  within: 2d
  by: event.subject
  then: [SendAcknowledgment]
  otherwise: [CloseCase]
- name: nobody
  when: {absent: InvestigatorAssigned, after: ComplaintFiled}
  within: 90m
  then: [CloseCase]
- name: weekly
  when: {every: "0 8 * * MON"}
  then:
    - SendNotification: {to: a@example.org, subject: Hello, text: Hello}
"""


def drawn(catalog: Catalog, text: str = RULES) -> Graph:
    """The graph of rules that are right."""
    book, problems = read_rules([("f.yaml", text)], catalog)
    assert book is not None, problems
    return draw(book, catalog)


def arrows(graph: Graph) -> list[tuple[str, str, str, bool]]:
    """Every arrow in words."""
    return [(a.source.name, a.target.name, a.note, a.timed) for a in graph.arrows]


@pytest.mark.parametrize(
    "arrow",
    [
        ("intake", "ComplaintFiled", "", False),
        ("ComplaintFiled", "first", "", False),
        ("first", "SendAcknowledgment", "", False),
        ("first", "CloseCase", "after 1d12h", True),
        ("SendAcknowledgment", "notify", "", False),
        ("hr", "CaseClosed", "", False),
        ("ComplaintFiled", "together", "1", False),
        ("CaseClosed", "together", "2", False),
        ("together", "CloseCase", "otherwise, after 2d", True),
        ("ComplaintFiled", "nobody", "", False),
        ("InvestigatorAssigned", "nobody", "unless it comes", True),
        ("nobody", "CloseCase", "after 1h30m", True),
        ("weekly", "SendNotification", "", True),
    ],
)
def test_what_leads_to_what(catalog: Catalog, arrow: tuple[str, str, str, bool]) -> None:
    """Events to rules, rules to commands, commands to services; what takes time is marked."""
    assert arrow in arrows(drawn(catalog))


def test_rules_say_what_they_wait_for(catalog: Catalog) -> None:
    """A picture without windows and keys would not explain why a rule waits."""
    notes = {node.name: (node.kind, node.notes) for node in drawn(catalog).nodes}

    assert notes["first"] == ("rule", ('if data.category == "safety"',))
    assert notes["together"] == ("memory", ("in this order within 2d", "by event.subject"))
    assert notes["nobody"] == ("memory", ("not within 1h30m",))
    assert notes["weekly"] == ("schedule", ("every 0 8 * * MON UTC",))


WORKFLOW = """
workflows:
  - name: permit
    when: PermitApplicationSubmitted
    timeout: 30d
    steps:
      review: {send: ReviewPermit, await: PermitReviewed, compensate: {send: CloseCase, with: {}}}
    then: [CaseClosed: {reason: done}]
"""


def test_a_workflow_is_drawn_with_its_steps(catalog: Catalog) -> None:
    """What it sends, what it waits for, and what undoes a step."""
    graph = drawn(catalog, WORKFLOW)
    (workflow,) = (node for node in graph.nodes if node.kind == "workflow")

    assert workflow.notes == ("1 step", "within 30d")
    assert set(arrows(graph)) >= {
        ("PermitApplicationSubmitted", "permit", "", False),
        ("permit", "ReviewPermit", "review", False),
        ("PermitReviewed", "permit", "review", False),
        ("permit", "CloseCase", "undo review", False),
        ("permit", "CaseClosed", "", False),
    }


def test_a_workflow_leads_to_those_it_runs(catalog: Catalog) -> None:
    """Nothing else leads there: it would look as if nobody started them."""
    outer = "  - {name: outer, timeout: 1d, steps: {permit: {run: permit}}}\n"
    graph = drawn(catalog, WORKFLOW.replace("workflows:\n", f"workflows:\n{outer}"))

    assert ("outer", "permit", "permit", False) in arrows(graph)
    assert [node.name for node in graph.around({"outer"}, set()).nodes][:2] == ["outer", "permit"]


def test_around_a_rule_is_what_it_touches(catalog: Catalog) -> None:
    """A thousand rules are no picture; one with its neighbours is."""
    graph = drawn(catalog).around({"weekly"}, set())

    assert [node.name for node in graph.nodes] == ["weekly", "SendNotification", "notify"]
    assert len(graph.arrows) == 2


def test_around_a_type_are_the_rules_that_touch_it(catalog: Catalog) -> None:
    """Who reacts to it and who sends it, with all they send."""
    graph = drawn(catalog).around(set(), {"InvestigatorAssigned"})

    names = {node.name for node in graph.nodes}
    assert {"InvestigatorAssigned", "nobody", "ComplaintFiled", "CloseCase", "hr"} <= names
    assert names.isdisjoint({"together", "first", "weekly", "SendAcknowledgment"})


def test_every_shipped_rule_is_in_the_picture(catalog: Catalog) -> None:
    """All forms of rule that we ship can be drawn."""
    root = Path(__file__).parents[3]
    book, _ = read_rules(read_rule_files(root / "rules"), catalog)
    assert book is not None

    kinds = {"rule", "memory", "schedule", "workflow"}
    names = {node.name for node in draw(book, catalog).nodes if node.kind in kinds}
    assert names == set(book.by_name)


names = st.text(max_size=20)
graphs = st.builds(
    lambda name, notes, note: Graph(
        (Node("event", "A"), Node("rule", name, notes)),
        (Arrow(Node("event", "A"), Node("rule", name, notes), note, timed=True),),
    ),
    names,
    st.lists(names, max_size=2).map(tuple),
    names,
)


@given(graphs)
def test_no_name_breaks_a_mermaid_chart(graph: Graph) -> None:
    """A quote, a bracket or a semicolon in an expression must stay text."""
    lines = mermaid(graph).splitlines()
    _, rule = graph.nodes

    assert lines[0] == "flowchart LR"
    assert len(lines) == 1 + 2 + 1 + 2
    found = re.fullmatch(r'  n1\["([A-Za-z0-9#; .,:\-_=/()<>]*)"\]:::rule', lines[2], re.ASCII)
    assert found
    first = found[1].split("<br/>")[0]
    assert re.sub(r"#(\d+);", lambda code: chr(int(code[1])), first) == rule.name


@given(graphs)
def test_no_name_breaks_a_graphviz_file(graph: Graph) -> None:
    """The same for the other language: every quote that is text is escaped."""
    text = dot(graph)
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text, flags=re.DOTALL)

    assert '"' not in outside
    assert outside.count("{") == outside.count("}") == 1
