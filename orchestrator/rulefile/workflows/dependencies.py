"""Resolves what steps wait for: by their order, or as they say. Knows no expressions."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from orchestrator.document import quoted
from orchestrator.rulefile.parts import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.rulefile.parts import Part


def resolve(steps: Part, written: Mapping[str, Part], mode: str) -> dict[str, tuple[str, ...]]:
    """Return the steps that each step beside them waits for.

    Args:
        steps: the mapping of names to steps.
        written: the `depends_on` of each step that has one.
        mode: sequential, parallel or dag.
    """
    if mode == "dag":
        return _as_written(steps, written)
    for depends_on in written.values():
        depends_on.refuse_key(
            f"`depends_on` belongs to `mode: dag`, and these steps are {mode}: set the mode, or "
            "remove it"
        )
    names = list(steps.all_entries())
    if mode == "parallel":
        return dict.fromkeys(names, ())
    return {name: tuple(names[index - 1 : index]) for index, name in enumerate(names)}


def _as_written(steps: Part, written: Mapping[str, Part]) -> dict[str, tuple[str, ...]]:
    parts = steps.all_entries()
    after = {name: _read(name, written.get(name), tuple(parts)) for name in parts}
    while cycle := _cycle(after):
        chain = " -> ".join(quoted(name) for name in cycle)
        parts[cycle[0]].refuse_key(
            f"these steps wait for each other: {chain}: remove one `depends_on`"
        )
        after[cycle[0]] = tuple(name for name in after[cycle[0]] if name != cycle[1])
    return after


def _read(name: str, depends_on: Part | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if depends_on is None:
        return ()
    listed = list(depends_on.items()) if isinstance(depends_on.value, list) else [depends_on]
    found: list[str | None] = []
    for each in listed:
        if each.value == name:
            each.refuse("a step cannot wait for itself: remove it")
        elif each.value in known:
            found.append(str(each.value))
        else:
            found.append(_refuse_unknown(each, tuple(other for other in known if other != name)))
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _refuse_unknown(part: Part, known: tuple[str, ...]) -> str | None:
    """Refuse what is no step; return the one that is meant, so that nothing follows from it."""
    if not isinstance(part.value, str):
        part.refuse(f"`depends_on` names steps, not {part.kind}: write [first, second]")
        return None
    meant = nearest(part.value, known)
    there_is = f"did you mean {meant}?" if meant else f"there are {', '.join(known) or 'none'}"
    part.refuse(f"no step beside this one is called {quoted(part.value)}: {there_is}")
    return meant


def _cycle(after: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return steps that wait for each other, each for the next one; the first comes again last."""
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1][:0:-1]
        first = cycle.index(min(cycle, key=list(after).index))
        return [*cycle[first:], *cycle[: first + 1]]
    return []
