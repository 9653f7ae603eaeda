"""Ids are hashes of what caused them: stable for ever, and never the same for two causes."""

from __future__ import annotations

import pytest

from orchestrator.core.ids import (
    ReactionId,
    content_digest,
    elapsed_id,
    event_identity,
    handling_id,
    message_id,
    order_id,
    reaction_id,
    retried_id,
)

EVENT = event_identity("portal", "ComplaintFiled", "e-1")


def test_ids_never_change_between_versions() -> None:
    """Another value after an update sends everything in the outbox and the queue a second time."""
    reaction = reaction_id(EVENT, "complaint-intake")
    assert EVENT.hex() == "461cab9a1c59e0855a05d145fd286768"
    assert reaction.hex() == "1d45ca38853c61402b3b740e35e12914"
    assert message_id(reaction, 0) == "3aedeb44124b99b53ee16de0ce3f67ee"
    assert message_id(reaction, 1) == "97a67cfa9f34380cd0f53737b854dba4"
    assert handling_id(EVENT, "notify").hex() == "2bd2cec1c50ce86f5e80920b625d6ec7"
    assert content_digest(b'{"a":1}').hex() == "2c6b113b8dd15ffbded9860b43eb0c6c"


def test_parts_do_not_run_into_each_other() -> None:
    """Names are chosen by people: `ab` + `c` must not be `a` + `bc`."""
    spellings = [
        *[("ab", "c", "d"), ("a", "bc", "d"), ("a", "b", "cd"), ("", "abc", "d")],
        *[("abcd", "", ""), ("", "", "abcd"), ("a\0b", "c", "d"), ("a", "b\0c", "d")],
    ]
    identities = {event_identity(*parts) for parts in spellings}
    assert len(identities) == len(spellings)


@pytest.mark.parametrize(
    "rules",
    [
        ("a", "b"),
        ("a", "a\0"),
        ("", "a"),
        ("x" * 64, "x" * 65),
        ("x" * 100 + "a", "x" * 100 + "b"),
        ("ü" * 32, "ü" * 33),
    ],
)
def test_two_rules_react_under_two_ids(rules: tuple[str, str]) -> None:
    """One marker for both would silence one of them."""
    one, other = (reaction_id(EVENT, rule) for rule in rules)
    assert one != other


def test_messages_of_many_reactions_differ() -> None:
    """Consumers dedupe by these ids alone."""
    events = [event_identity("portal", "Filed", str(number)) for number in range(20)]
    reactions = [reaction_id(event, rule) for event in events for rule in ("intake", "audit")]
    ids = [message_id(reaction, index) for reaction in reactions for index in range(20)]
    assert len(set(ids)) == len(ids) == 800
    assert {len(one) for one in ids} == {32}


ONE, OTHER = ReactionId(bytes(16)), ReactionId(bytes(15) + b"1")


@pytest.mark.parametrize(
    "ids",
    [
        [elapsed_id(ONE, "a/k/", 1), elapsed_id(OTHER, "a/k/", 1), elapsed_id(ONE, "b/k/", 1)],
        [elapsed_id(ONE, "a/k/", 1), elapsed_id(ONE, "a/k/", 2), elapsed_id(ONE, "a/k/", 12)],
        [order_id(ONE, "cancel", "a"), order_id(OTHER, "cancel", "a")],
        [order_id(ONE, "cancel", "a"), order_id(ONE, "cancel", "b"), order_id(ONE, "retry", "a")],
        [retried_id(EVENT, "a", "r1"), retried_id(EVENT, "a", "r2"), retried_id(EVENT, "b", "r1")],
        [reaction_id(EVENT, "a"), handling_id(EVENT, "a"), retried_id(EVENT, "a", "")],
    ],
)
def test_what_is_done_for_another_reason_has_another_id(ids: list[ReactionId]) -> None:
    """The store would take it for a repetition, and it would never be done."""
    assert len(set(ids)) == len(ids)


def test_identity_and_reaction_are_sixteen_bytes() -> None:
    """The store keeps a hundred million of them."""
    assert (len(EVENT), len(reaction_id(EVENT, "intake"))) == (16, 16)
