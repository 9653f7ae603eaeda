"""Which agencies a bill concerns."""

from __future__ import annotations

import pytest

from consumers.legislation.agencies import concerned


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        ([], ["Secretary of State"]),
        (["labor"], ["Secretary of State", "Department of Labor"]),
        (["taxes", "taxes"], ["Secretary of State", "Revenue Office"]),
        (["whaling"], ["Secretary of State"]),
    ],
)
def test_each_agency_is_told_once(subjects: list[str], expected: list[str]) -> None:
    """One always is; a subject that no agency has is nobody's failure."""
    assert [agency.name for agency in concerned(subjects)] == expected
