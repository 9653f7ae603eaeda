"""The garbage collector rests while rules are read, and only then."""

from __future__ import annotations

import gc

import pytest

from orchestrator.rulefile.collector import paused


def test_it_runs_again_afterwards_whatever_happens() -> None:
    """A process without it would grow for ever."""

    @paused()
    def fails() -> None:
        assert not gc.isenabled()
        raise LookupError

    with pytest.raises(LookupError):
        fails()
    assert gc.isenabled()


def test_who_has_switched_it_off_keeps_it_off() -> None:
    """It is not ours to switch on."""
    gc.disable()
    try:
        with paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
