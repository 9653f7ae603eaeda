"""Whatever stands in a test file, reading it ends in cases that can be played, or in problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.ruletest import play, read_cases
from orchestrator.ruletest.expectations import INSTANCE_FORM, LETTER_FORM, MESSAGE_FORM
from orchestrator.ruletest.givens import EVENT_FORM
from orchestrator.ruletest.reading import CASE_FORM

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.core.definitions import Rulebook

WORDS = (
    *("ComplaintFiled", "CloseCase", "ComplaintFild", "intake", "desk", "others", "a", "", "'"),
    *("2d", "0s", "-1h", "99999999d", "2026-03-01T08:00:00Z", "0001-01-01T00:00:00+14:00"),
    *("${a}", "${", "${a.b}", "x ${a}", "two\nlines", "x" * 500, "\x1b[31mred"),
)
FORMS = (CASE_FORM, EVENT_FORM, MESSAGE_FORM, LETTER_FORM, INSTANCE_FORM)
KEYS = (*(key for form in FORMS for key in form.keys), "advance", *WORDS)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 3), st.floats(0, 9), st.sampled_from(WORDS)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=5,
)
TYPES = st.sampled_from(["ComplaintFiled", "AssignInvestigator", "SendAcknowledgment"])
STEPS = st.one_of(
    TYPES,
    VALUES,
    st.fixed_dictionaries({"advance": st.sampled_from(["2d", "1ms", "2900000d", 5])}),
    st.fixed_dictionaries(
        {"event": TYPES}, optional={key: VALUES for key in EVENT_FORM.keys if key != "event"}
    ),
)
MESSAGES = st.one_of(
    TYPES,
    VALUES,
    st.fixed_dictionaries(
        {"message": TYPES}, optional={key: VALUES for key in MESSAGE_FORM.keys if key != "message"}
    ),
)
ROWS = st.one_of(VALUES, st.lists(st.fixed_dictionaries({"a": VALUES}), max_size=2))
CASES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["c", "d ${a}"]),
        "given": st.lists(STEPS, max_size=3),
        "expect": st.lists(MESSAGES, max_size=3),
    },
    optional={"for": ROWS}
    | {k: VALUES for k in CASE_FORM.keys if k not in {"name", "given", "expect", "for"}},
)


@given(st.one_of(VALUES, st.lists(CASES, max_size=2)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_value_is_cases_or_has_problems(
    catalog: Catalog, rulebook: Rulebook, value: object
) -> None:
    """Whoever writes a test learns what is wrong with it, and never meets a traceback."""
    text = yaml.safe_dump(value, sort_keys=False)

    cases, problems = read_cases([("t.yaml", text)], catalog, rulebook.by_name.keys())

    assert cases or problems
    assert all(str(problem).isprintable() and len(str(problem)) < 300 for problem in problems)
    assert all(problem.position.line <= text.count("\n") + 1 for problem in problems)
    for case in cases:
        outcome = await play(case, rulebook)
        assert all(str(failure) for failure in outcome.failures)
