"""Rules as people write them, read by the real readers, with message types that take any data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from orchestrator.catalog import read_catalog
from orchestrator.rulefile import read_rules
from tests.engine.messages import CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.catalog import Catalog
    from orchestrator.core.definitions import Rulebook

COMMANDS = "notify.v1"


def types(events: Iterable[str], commands: Iterable[str]) -> Catalog:
    """Return a catalog of names, of which nothing more is known."""
    messages = {
        **dict.fromkeys(events, ("event", CHANNEL)),
        **dict.fromkeys(commands, ("command", COMMANDS)),
    }
    document = {
        "asyncapi": "3.0.0",
        "info": {"title": "Tests", "version": "1.0.0"},
        "channels": {
            f"channel{number}": {
                "address": address,
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"}
                    for name, (_, channel) in messages.items()
                    if channel == address
                },
            }
            for number, address in enumerate((CHANNEL, COMMANDS))
        },
        "components": {
            "messages": {
                name: {"x-kind": kind, "payload": {}} for name, (kind, _) in messages.items()
            }
        },
    }
    catalog, problems = read_catalog([("types.yaml", orjson.dumps(document))])
    assert catalog is not None, problems
    return catalog


def written(text: str, catalog: Catalog, file: str = "rules.yaml") -> Rulebook:
    """Return the rulebook of one file, which must be without errors."""
    book, problems = read_rules([(file, text)], catalog)
    assert book is not None, problems
    return book
