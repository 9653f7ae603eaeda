"""When a workflow counts as changed: what is open goes on under the wording it began with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

WORKFLOW = """
workflows:
  - name: permit
    when: PermitApplicationSubmitted
    timeout: 60d
    variables: {first: 1, second: "${variables.first}"}
    steps:
      review: {send: ReviewPermit, await: PermitReviewed, timeout: 1d}
      both:
        group: sequential
        steps: {wait: {wait: 1h}, rest: {wait: 2h}}
      note: {send: IssuePermit, with: {applicant: "${input.applicant}", permit_type: fence}}
"""


def revision(catalog: Catalog, text: str) -> str:
    """Return the revision of the workflow in a file that must be without errors."""
    rulebook, problems = read_rules([("f.yaml", text)], catalog)
    assert rulebook is not None, problems
    return rulebook.by_name["permit"].revision


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("wait: {wait: 1h}", "rest: {wait: 2h}"),
        ("first: 1", 'second: "2"'),
        ("timeout: 60d\n", "when: PermitApplicationSubmitted\n"),
    ],
    ids=["steps-of-a-group", "variables", "keys"],
)
def test_the_order_counts_where_it_means_something(catalog: Catalog, one: str, other: str) -> None:
    """Two steps that change places are another workflow, of which nothing open knows."""
    text = WORKFLOW.replace('second: "${variables.first}"', 'second: "2"')
    swapped = text.replace(one, "@").replace(other, one).replace("@", other)
    assert swapped != text

    same = revision(catalog, swapped) == revision(catalog, text)

    assert same == one.startswith("timeout")


def test_steps_that_change_places_are_another_workflow(catalog: Catalog) -> None:
    """They follow each other as they are written: an open case would go on with the wrong one."""
    *head, review, both, group, members, note = WORKFLOW.splitlines()

    swapped = "\n".join([*head, both, group, members, review, note])

    assert revision(catalog, swapped) != revision(catalog, WORKFLOW)
