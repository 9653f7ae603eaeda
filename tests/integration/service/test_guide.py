"""The consumer in the documentation works as it is written there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.integration.service.installation import ROOT, Installation

if TYPE_CHECKING:
    from orchestrator.local import Services

GUIDE = ROOT / "docs" / "how-to" / "write-a-consumer.md"
EXAMPLE = ROOT / "examples" / "minimal_consumer.py"


def test_the_guide_shows_the_example() -> None:
    """Who copies from the guide gets what is run below, and it is as short as we say."""
    (shown, *_) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    _, _, code = EXAMPLE.read_text().partition("\n\n")

    assert shown == code
    assert len([line for line in code.splitlines() if line]) <= 15


async def test_the_example_works(services: Services, unique: str) -> None:
    """An event goes in, the notification it leads to comes out, in the same case."""
    office = Installation(unique, services.environ, ROOT / "schemas")
    assigned = {
        "investigator": {"id": "inv-07", "name": "Noor", "email": "noor@example.org"},
        "region": "north",
        "priority": "high",
        "open_cases": 4,
    }
    async with (
        office.existing(["briefing"], ["hr.v1", "notify.v1"]),
        office.process("examples.minimal_consumer:service"),
    ):
        (event,) = await office.send("hr.v1", "InvestigatorAssigned", [assigned])
        answers = await office.answers(lambda found: event in found)

    (answer,) = answers[event]
    assert json.loads(answer)[0] == "SendNotification"
    assert json.loads(answer)[2] == {
        "to": "noor@example.org",
        "subject": "A new case",
        "text": "Case C-0 is yours.",
    }
