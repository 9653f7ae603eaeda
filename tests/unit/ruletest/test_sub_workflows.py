"""Workflows that run workflows, and steps side by side, as operators test them."""

from __future__ import annotations

import pytest

from orchestrator.ruletest import play, read_cases
from tests.engine.written import types, written

EVENTS = ["Wanted", "Pair", "Twins", "ADone", "BDone", "XDone", "ZDone", "ZDenied"]
COMMANDS = ["DoA", "UndoA", "DoB", "UndoB", "DoX", "UndoX", "DoZ", "Failed", "Fine"]
CATALOG = types(EVENTS, COMMANDS)
BOOK = written(
    """
workflows:
  - name: parent
    when: Wanted
    steps:
      x: {send: DoX, await: XDone, compensate: UndoX}
      child: {run: child}
      z: {send: DoZ, await: ZDone, fail_on: ZDenied}
    then: [{Fine: {all: "${steps.child.output}"}}]
    otherwise: [Failed]
  - name: child
    steps:
      a: {send: DoA, await: ADone, compensate: UndoA, timeout: 60s}
      b: {for_each: range(2), max_parallel: 2, send: DoB, with: {n: "${item}"}, await: BDone,
          compensate: {send: UndoB, with: {n: "${item}"}}}
  - name: pair
    when: Pair
    steps:
      both:
        group: parallel
        steps:
          left: {send: DoA, await: ADone}
          right: {send: DoB, await: ADone}
    then: [{Fine: {left: "${steps.left.output}", right: "${steps.right.output}"}}]
  - name: twin-1
    when: Twins
    steps:
      child: {run: small}
      z: {send: DoZ, await: ZDone, fail_on: ZDenied}
    otherwise: [Failed]
  - name: twin-2
    when: Twins
    steps:
      child: {run: small}
    then: [{Fine: {all: "${steps.child.output}"}}]
  - name: small
    steps:
      a: {send: DoA, await: ADone, compensate: UndoA}
""",
    CATALOG,
)
CHILD_DONE = """
    - Wanted
    - XDone: {}
    - {event: ADone, key: C-1/parent.child, data: {}}
    - {event: BDone, key: C-1/parent.child, data: {n: 0}, answers: 'b[0]'}
    - {event: BDone, key: C-1/parent.child, data: {n: 1}, answers: 'b[1]'}"""
CASES = {
    "a child ends and its parent goes on": f"""
  given: {CHILD_DONE}
    - ZDone: {{}}
  expect: [{{Fine: {{all: {{a: {{}}, b: [{{n: 0}}, {{n: 1}}]}}}}}}]
  expect_open: []""",
    "a child that ended is taken back": f"""
  given: {CHILD_DONE}
    - ZDenied: {{}}
  expect: [{{UndoB: {{n: 1}}}}, {{UndoB: {{n: 0}}}}, UndoA, UndoX, Failed]
  expect_open: []""",
    "a child that fails lets its parent fail": """
  given: [Wanted, XDone: {}, advance: 1h]
  expect: [UndoA, UndoX, Failed]
  expect_open: []""",
    "steps side by side are answered by their names": """
  given:
    - Pair
    - {event: ADone, data: {of: right}, answers: right}
    - {event: ADone, data: {of: left}, answers: left}
  expect: [{Fine: {left: {of: left}, right: {of: right}}}]
  expect_open: []""",
    "two workflows of one key have children of their own": """
  given:
    - Twins: {}
    - {event: ADone, key: C-1/twin-1.child, data: {n: 1}}
    - {event: ADone, key: C-1/twin-2.child, data: {n: 2}}
    - ZDenied: {}
  expect: [{Fine: {all: {a: {n: 2}}}}, {UndoA: {n: 1}}, Failed]
  expect_open: []""",
    "an answer that may be meant for two steps is a dead letter": """
  given: [Pair, ADone: {}]
  expect_dead_letter: {rule: pair}""",
}


async def failures(case: str) -> list[str]:
    text = case.replace("Wanted", "Wanted: {}").replace("Pair", "Pair: {}")
    cases, problems = read_cases([("t.yaml", f"- name: c{text}")], CATALOG, BOOK.by_name.keys())
    assert problems == []
    return [failure.message for one in cases for failure in (await play(one, BOOK)).failures]


@pytest.mark.parametrize("name", CASES)
async def test_it_is_played_to_the_end(name: str) -> None:
    """What workflows tell each other finds its way, as on the bus."""
    assert await failures(CASES[name]) == []


async def test_a_case_about_a_child_can_fail() -> None:
    """Negative control: nothing is taken back where nothing failed."""
    case = CASES["a child that ended is taken back"].replace("ZDenied", "ZDone")
    assert "UndoX was not sent" in await failures(case)
