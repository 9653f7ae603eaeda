from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.document import read_document, write_document

DISPUTED = [
    *("yes", "on", "48:00", "010", "1_000", "~", "null", "2024-01-02", "0x1f", ".inf", "1e3"),
    *("=", "<<", "- a", "a: b", " x", "x ", "#", "${a ? b : c}", "&a", "*a", "!x", "%", "@", ""),
    *("a\n\nb", "\n", " \na", "a\n", "a \n b"),
]
TEXTS = st.text(max_size=20).filter(str.isprintable) | st.sampled_from(DISPUTED)
KEYS = TEXTS.filter(lambda text: text.strip() and "\n" not in text)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
)


@given(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1))
def test_the_strict_reader_takes_back_whatever_is_written(value: object) -> None:
    """What a machine wrote must not be refused, nor read as something else."""
    document, problems = read_document(write_document(value), "written.yaml")

    assert problems == []
    assert document is not None
    assert value == document.value


@pytest.mark.parametrize("text", DISPUTED)
def test_a_text_that_yaml_versions_dispute_stays_text(text: str) -> None:
    """`48:00` is 2880 to some readers: what is written says which one is meant."""
    document, problems = read_document(write_document({"text": text}), "written.yaml")

    assert (problems, document and document.value) == ([], {"text": text})
