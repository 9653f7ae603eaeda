"""What the events of a list may ask, each for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core.definitions import Rule
from orchestrator.errors import ExpressionError
from tests.unit.rulefile.reading import only_definition, without_schemas

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from tests.unit.rulefile.conftest import Sent


@pytest.fixture(scope="module")
def catalog(catalog: Catalog) -> Catalog:
    return without_schemas(catalog)


@pytest.mark.parametrize(
    ("event_type", "data", "fires"),
    [
        ("CaseClosed", {"n": 1}, True),
        ("CaseClosed", {"n": 0}, False),
        ("ComplaintFiled", {"n": 1, "amount": 10}, True),
        ("ComplaintFiled", {"n": 1, "amount": 9, "urgent": True}, True),
        ("ComplaintFiled", {"n": 1, "amount": 9, "urgent": False}, False),
        ("ComplaintFiled", {"n": 0, "amount": 10}, False),
    ],
)
def test_events_of_a_list_have_conditions_of_their_own(
    catalog: Catalog, sent: Sent, event_type: str, data: object, *, fires: bool
) -> None:
    """An event asks only the conditions beside its type; what others need, it may lack."""
    rule = only_definition(
        catalog,
        "- when:\n"
        "  - CaseClosed\n"
        "  - {event: ComplaintFiled, if: data.amount > 9 // a comment, as: large}\n"
        "  - {event: ComplaintFiled, if: data.urgent, as: urgent}\n"
        "  if: data.n > 0\n"
        "  then: [CloseCase]\n",
    )

    assert isinstance(rule, Rule)
    assert bool(sent(rule, event_type, data)) == fires


def test_a_failure_in_one_of_several_conditions_names_its_place(
    catalog: Catalog, sent: Sent
) -> None:
    """The conditions are one inside; a dead letter must lead to the one that failed."""
    text = (
        "- when:\n"
        "  - {event: ComplaintFiled, if: data.amount > 1}\n"
        "  - {event: CaseClosed, if: 1 < data.size}\n"
        "  if: data.n > 0\n"
        "  then: [CloseCase]\n"
    )
    rule = only_definition(catalog, text)
    places = []
    for event_type, data in [
        ("ComplaintFiled", {"size": 2}),
        ("CaseClosed", {"amount": 2}),
        ("CaseClosed", {"size": 2}),
    ]:
        with pytest.raises(ExpressionError) as failure:
            sent(rule, event_type, data)
        places.append(str(failure.value).split(" ")[0])

    assert places == ["f.yaml:2:33:", "f.yaml:3:33:", "f.yaml:4:7:"]
