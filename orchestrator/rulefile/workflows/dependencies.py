"""Resolves what steps wait for: by their order, or as they say. Knows no expressions."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from orchestrator.document import quoted
from orchestrator.rulefile.parts import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.rulefile.parts import Part


def resolve(steps: Mapping[str, Part], mode: str) -> dict[str, tuple[str, ...]]:
    """Return the steps that each step beside them waits for.

    Args:
        steps: by name, in the order written.
        mode: sequential, parallel or dag.
    """
    if mode == "dag":
        return _as_written(steps)
    for part in steps.values():
        if depends_on := part.all_entries().get("depends_on"):
            depends_on.refuse_key(
                f"`depends_on` belongs to `mode: dag`, and these steps are {mode}: set the mode, "
                "or remove it"
            )
    names = list(steps)
    if mode == "parallel":
        return dict.fromkeys(names, ())
    return {name: tuple(names[index - 1 : index]) for index, name in enumerate(names)}


def _as_written(steps: Mapping[str, Part]) -> dict[str, tuple[str, ...]]:
    after = {name: _read(name, part, tuple(steps)) for name, part in steps.items()}
    while cycle := _cycle(after):
        chain = " -> ".join(quoted(name) for name in cycle)
        steps[cycle[0]].refuse_key(
            f"these steps wait for each other: {chain}: remove one `depends_on`"
        )
        after[cycle[0]] = tuple(name for name in after[cycle[0]] if name != cycle[1])
    return after


def _read(name: str, part: Part, known: tuple[str, ...]) -> tuple[str, ...]:
    depends_on = part.all_entries().get("depends_on")
    if depends_on is None:
        return ()
    listed = list(depends_on.items()) if isinstance(depends_on.value, list) else [depends_on]
    found = []
    for each in listed:
        if each.value == name:
            each.refuse("a step cannot wait for itself: remove it")
        elif each.value in known:
            found.append(str(each.value))
        else:
            each.refuse(_unknown(each, known))
    return tuple(dict.fromkeys(found))


def _unknown(part: Part, known: tuple[str, ...]) -> str:
    if not isinstance(part.value, str):
        return f"`depends_on` names steps, not {part.kind}: write [first, second]"
    meant = nearest(part.value, known)
    there_is = f"did you mean {meant}?" if meant else f"there are {', '.join(known)}"
    return f"no step beside this one is called {quoted(part.value)}: {there_is}"


def _cycle(after: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return steps that wait for each other, each for the next one; the first comes again last."""
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle[::-1]
    return []
