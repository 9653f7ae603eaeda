"""Letters are written about whatever the schemas let in, however long: none fits no mail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.ruletest import play, read_cases

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook

ROOT = Path(__file__).parents[3]
CATALOG, _ = read_catalog(read_schema_files(ROOT / "schemas"))
assert CATALOG is not None
MANY = 40
LONG = 200
"""How many items a list has here, and how long a text is that may be of any length."""

ONE_LINE = r"^[^\r\n]+$"

FEW_REASONS = {"AdmissionDecided", "PermitDenied"}
"""Their services never give more than two reasons."""

EVENTS = sorted(
    name
    for name, each in CATALOG.types.items()
    if each.kind == "event" and each.examples and name not in FEW_REASONS
)


def longest(example: object, schema: Any, root: Any) -> object:
    """Return an example with texts and lists as long as the schema lets them be."""
    match schema, example:
        case {"$ref": str(ref)}, _:
            return longest(example, root["$defs"][ref.removeprefix("#/$defs/")], root)
        case {"properties": dict(fields)}, dict():
            return {name: longest(each, fields[name], root) for name, each in example.items()}
        case {"items": dict(each)}, [first, *_]:
            return [longest(first, each, root)] * MANY
        case {"pattern": str(pattern)}, _ if pattern != ONE_LINE:
            return example
        case {"type": "string"}, _ if not {"format", "enum"} & schema.keys():
            return "x" * schema.get("maxLength", LONG)
    return example


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    """The shipped rules."""
    assert CATALOG is not None
    rulebook, problems = read_rules(read_rule_files(ROOT / "rules"), CATALOG)
    assert rulebook is not None, problems
    return rulebook


async def refusals(name: str, rulebook: Rulebook) -> list[str]:
    """Return which rules cannot say what follows from the longest events of a type."""
    assert CATALOG is not None
    message = CATALOG.types[name]
    events = [longest(example, message.schema, message.schema) for example in message.examples]
    for event in events:
        message.validate(event)
    written = [
        {"name": str(number), "given": [{"event": name, "data": event}], "expect_none": "CloseCase"}
        for number, event in enumerate(events)
    ]
    text = json.dumps(written)
    cases, problems = read_cases([("longest.yaml", text)], CATALOG, rulebook.by_name.keys())
    assert problems == []
    outcomes = [await play(case, rulebook) for case in cases]
    said = [str(failure) for outcome in outcomes for failure in outcome.failures]
    return [each for each in said if "dead letter" in each]


@pytest.mark.parametrize("name", EVENTS)
async def test_the_longest_event_still_leads_to_its_letters(name: str, rulebook: Rulebook) -> None:
    """A letter that is refused is a dead letter, and nobody is told."""
    assert await refusals(name, rulebook) == []


@pytest.mark.parametrize("name", sorted(FEW_REASONS))
async def test_a_letter_that_is_too_long_is_noticed(name: str, rulebook: Rulebook) -> None:
    """The negative control: forty reasons of 2,000 characters fit no letter."""
    (refused,) = {
        each.partition("schema-violation: ")[2] for each in await refusals(name, rulebook)
    }

    assert refused == "SendNotification: /text is longer than 20000 characters"
