"""Whatever stands where something else belongs in a workflow, reading it ends in problems."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rulefile import read_rules
from tests.unit.rulefile.test_bad_files import TESTDATA
from tests.unit.rulefile.test_workflow_page import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.catalog import Catalog

GOOD = [yaml.safe_load(example) for example in EXAMPLES]
BAD = [yaml.safe_load(file.read_text()) for file in sorted(TESTDATA.glob("workflow*.bad.yaml"))]
ODD: tuple[Any, ...] = (
    *(None, [], {}, [1], {"a": 1}, [[]], [None], {"send": "ReviewPermit"}, {"": 1}),
    *("", "x", "${", "${parameters.days}", "steps.*.output.fee", "[1, 2]", "2d", "a" * 300),
    *(0, -1, 1.5, True, 10**18),
)


def places(content: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything in a document but the whole."""
    entries: Any = ()
    if isinstance(content, dict):
        entries = content.items()
    elif isinstance(content, list):
        entries = enumerate(content)
    for key, value in entries:
        yield (*path, key)
        yield from places(value, (*path, key))


@given(st.data())
def test_a_workflow_with_odd_parts_is_a_rulebook_or_has_problems(
    catalog: Catalog, data: st.DataObject
) -> None:
    """A reload must refuse a file it cannot use, never fail on it."""
    content = deepcopy(data.draw(st.sampled_from(GOOD + BAD)))
    for _ in range(data.draw(st.integers(1, 2))):
        *above, last = data.draw(st.sampled_from(list(places(content))))
        within = content
        for key in above:
            within = within[key]
        within[last] = deepcopy(data.draw(st.sampled_from(ODD)))
    text = yaml.safe_dump(content, sort_keys=False)

    rulebook, problems = read_rules([("f.yaml", text)], catalog)

    errors = [problem for problem in problems if problem.level == "error"]
    assert (rulebook is None) == bool(errors)
    assert all(str(problem).isprintable() for problem in problems)
    assert all(problem.position.line <= text.count("\n") + 1 for problem in problems)
