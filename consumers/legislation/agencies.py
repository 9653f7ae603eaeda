"""Which agencies a bill concerns. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumers.messages.message import Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECRETARY_OF_STATE: Final = Person(name="Secretary of State", email="statutes@state.example.org")
"""Has to know of every bill."""

AGENCIES: Final[Mapping[str, Person]] = {
    "education": Person(name="Department of Education", email="rules@education.example.org"),
    "gaming": Person(name="Gaming Commission", email="rules@gaming.example.org"),
    "health": Person(name="Department of Health", email="rules@health.example.org"),
    "labor": Person(name="Department of Labor", email="rules@labor.example.org"),
    "taxes": Person(name="Revenue Office", email="rules@revenue.example.org"),
}
"""SAMPLE DATA: subject -> invented agency, for demonstrations."""


def concerned(subjects: Iterable[str]) -> list[Person]:
    """Return the agencies that a bill about `subjects` concerns, each once."""
    found = (AGENCIES[subject] for subject in subjects if subject in AGENCIES)
    return list({each.email: each for each in (SECRETARY_OF_STATE, *found)}.values())
