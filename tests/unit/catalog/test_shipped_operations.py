"""The documents in schemas/ say of every message who sends it and who receives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = sorted((Path(__file__).parents[3] / "schemas").glob("*.yaml"))


def undeclared(document: dict[str, Any]) -> list[str]:
    """Return the events that nobody sends and the commands that nobody receives."""
    declared = {
        (operation["action"], message["$ref"].rpartition("/")[2])
        for operation in document["operations"].values()
        for message in operation["messages"]
    }
    directions = {"event": "send", "command": "receive"}
    return [
        name
        for name, message in document["components"]["messages"].items()
        if (directions[message["x-kind"]], name) not in declared
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_event_has_a_sender_and_every_command_a_receiver(file: Path) -> None:
    """Whoever reads a document must see who acts: tools draw it from the operations alone."""
    assert undeclared(yaml.safe_load(file.read_text())) == []


def test_a_missing_operation_is_noticed() -> None:
    """The comparison above must be able to fail: a command that is sent is not yet received."""
    [hr] = [file for file in FILES if file.stem == "hr"]
    document = yaml.safe_load(hr.read_text())
    document["operations"]["handleCases"]["action"] = "send"

    assert "AssignInvestigator" in undeclared(document)
