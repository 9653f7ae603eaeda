"""Who lives, as decisions see it: what was sent a moment ago counts before anybody says so."""

from __future__ import annotations

from orchestrator.core.directory import Live, Snapshot

A, B = Live("a", "pumps.a", 0.5, share=0.5), Live("b", "pumps.b", 0.0, share=0.1)
BOTH = Snapshot(
    {"pumps.a": A, "pumps.b": B}, {"pump": ("pumps.a", "pumps.b"), "seal": ("pumps.b",)}
)


def test_only_who_can_do_it_is_asked() -> None:
    """A command for a pump must not reach somebody who only seals."""
    assert BOTH.living("pump") == [A, B]
    assert BOTH.living("seal") == [B]
    assert BOTH.living("dig") == []


def test_a_command_weighs_as_much_as_its_receiver_is_small() -> None:
    """Heartbeats come every two seconds: until then, all would go to who was idle at the last."""
    then = BOTH.after("pumps.a").after("pumps.b")
    assert [(each.load, each.turn) for each in then.living("pump")] == [(1.0, 1), (0.1, 2)]
    assert BOTH.living("pump") == [A, B]


def test_what_goes_to_nobodys_own_channel_changes_nothing() -> None:
    """Most commands are for any instance."""
    assert BOTH.after("pumps.v1") is BOTH
