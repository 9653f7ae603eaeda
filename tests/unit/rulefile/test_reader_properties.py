"""Whatever stands in a rule file, reading it ends in a rulebook or in problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rulefile import read_rules
from orchestrator.rulefile.actions import FULL_FORM
from orchestrator.rulefile.elements import ELEMENT_FORM
from orchestrator.rulefile.rules import RULE_FORM

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

WORDS = (
    *("ComplaintFiled", "CloseCase", "SendNotification", "Complaint", "data.amount > 1"),
    *("data.people", "${data.reason}", "${", "a ${item} b", "item", "as", "all", "every", "", "'"),
    *("2d", "0s", "P1M", "${events.a.id}", "${has(events.a) ? events['b'].id : 1}"),
    *("two\nlines", "x" * 500, "\x1b[31mred", "a - b"),
)
WHEN_KEYS = ("all", "at_least", "of", "sequence", "count", "absent", "every")
KEYS = (
    *RULE_FORM.keys,
    *FULL_FORM.keys,
    *RULE_FORM.elsewhere,
    *ELEMENT_FORM.keys,
    *WHEN_KEYS,
    "rules",
    "workflows",
    *WORDS,
)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 3), st.floats(0, 9), st.sampled_from(WORDS)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=5,
)
TYPES = st.sampled_from(["ComplaintFiled", "CaseClosed", "CloseCase"])
EVENTS = st.one_of(
    TYPES,
    VALUES,
    st.fixed_dictionaries(
        {"event": TYPES}, optional={"if": VALUES, "as": st.sampled_from(["a", "b", "in", 1])}
    ),
)
NUMBERS = st.one_of(st.integers(-1, 4), VALUES)
PATTERNS = st.one_of(
    VALUES,
    st.lists(EVENTS, max_size=3),
    st.fixed_dictionaries({"all": st.lists(EVENTS, max_size=3)}),
    st.fixed_dictionaries({"sequence": st.lists(EVENTS, max_size=3)}),
    st.fixed_dictionaries({"at_least": NUMBERS, "of": st.lists(EVENTS, max_size=3)}),
    st.fixed_dictionaries({"count": EVENTS, "at_least": NUMBERS}),
    st.fixed_dictionaries({"absent": EVENTS, "after": EVENTS}),
)
RULES = st.fixed_dictionaries(
    {"when": PATTERNS, "then": st.lists(VALUES, max_size=3)},
    optional={key: VALUES for key in RULE_FORM.keys if key not in {"when", "then"}},
)


@given(st.one_of(VALUES, st.lists(RULES, max_size=2), RULES.map(lambda rule: {"rules": [rule]})))
def test_any_value_is_a_rulebook_or_has_problems(catalog: Catalog, value: object) -> None:
    """A reload must refuse a file it cannot use, never fail on it."""
    text = yaml.safe_dump(value, sort_keys=False)

    rulebook, problems = read_rules([("f.yaml", text)], catalog)

    errors = [problem for problem in problems if problem.level == "error"]
    assert (rulebook is None) == bool(errors)
    assert all(str(problem).isprintable() and len(str(problem)) < 300 for problem in problems)
    assert all(problem.position.line <= text.count("\n") + 1 for problem in problems)
