"""Schema files: what a catalog is made of, and what is said about every mistake."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.document import LIMITS, read_document
from orchestrator.errors import Misconfigured

TESTDATA = Path(__file__).with_name("testdata")
SHIPPED = Path(__file__).parents[3] / "schemas"

BILLS = """
asyncapi: 3.0.0
info: {title: Bills, version: 1.0.0}
channels:
  bills:
    address: bills.v1
    description: Money.
    messages:
      BillPaid:
        $ref: '#/components/messages/BillPaid'
      Pay:
        name: PayBill
        x-kind: command
        summary: Pay it.
        payload: {type: object}
components:
  messages:
    BillPaid:
      payload: {$ref: '#/components/schemas/Bill'}
      examples:
        - payload: {amount: 3}
  schemas:
    Bill:
      type: object
      required: [amount]
      properties:
        amount: {$ref: '#/components/schemas/Money'}
        parts: {type: array, items: {$ref: '#/components/schemas/Bill'}}
    Money: {type: number, minimum: 0}
"""


@pytest.mark.parametrize("file", sorted(TESTDATA.glob("*.bad.yaml")), ids=lambda file: file.stem)
def test_every_mistake_is_reported_where_it_is(file: Path) -> None:
    """An author gets every problem of a file at once, with its place and what to write instead."""
    expected = file.with_name(file.name.replace(".bad.yaml", ".problems.txt")).read_text()

    catalog, problems = read_catalog([(file.name, file.read_bytes())])

    assert expected.splitlines() == [str(problem) for problem in problems]
    assert (catalog is None) == any(problem.level == "error" for problem in problems)


def test_the_shipped_documents_have_no_problems() -> None:
    """What we ship is the first example people copy."""
    catalog, problems = read_catalog(read_schema_files(SHIPPED))

    assert problems == []
    assert catalog is not None
    assert list(catalog.channels) == [
        "admissions.v1",
        "analytics.v1",
        "archive.v1",
        "businesses.v1",
        "casefiles.v1",
        "complaints.v1",
        "emergency.v1",
        "environment.v1",
        "failures.v1",
        "fire.v1",
        "health.v1",
        "hr.v1",
        "legislation.v1",
        "licensing.v1",
        "notify.v1",
        "permits.v1",
        "planning.v1",
        "styling.v1",
        "traffic.v1",
        "utilities.v1",
    ]


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_message_shows_how_it_looks(file: Path) -> None:
    """`schemas show` and publishers start from an example."""
    catalog, _ = read_catalog([(file.name, file.read_bytes())])

    assert catalog is not None
    assert [name for name, message in catalog.types.items() if not message.examples] == []


def test_a_message_is_what_its_document_says() -> None:
    """Its name, channel, kind and text come from the document, wherever the reference leads."""
    catalog, _ = read_catalog([("bills.yaml", BILLS.encode())])

    assert catalog is not None
    paid, pay = catalog.types["BillPaid"], catalog.types["PayBill"]
    assert (paid.channel, paid.kind, paid.examples) == ("bills.v1", "event", ({"amount": 3},))
    assert str(paid.position) == "bills.yaml:9:7"
    assert (pay.kind, pay.description) == ("command", "Pay it.")
    assert catalog.channels["bills.v1"].types == ("BillPaid", "PayBill")


def test_a_shown_schema_is_complete_in_itself() -> None:
    """What `schemas show` prints can be used by any validator, recursion included."""
    catalog, _ = read_catalog([("bills.yaml", BILLS.encode())])

    assert catalog is not None
    schema = json.dumps(catalog.types["BillPaid"].schema)
    assert {"#/$defs/Bill", "#/$defs/Money"} == set(re.findall(r'"\$ref": "([^"]*)"', schema))
    assert '"minimum": 0' in schema


def test_what_stands_beside_a_reference_counts() -> None:
    """JSON Schema 2020-12 applies the siblings of a $ref; dropping them would accept bad data."""
    text = BILLS.replace(
        "payload: {type: object}",
        "payload: {$ref: '#/components/schemas/Bill', maxProperties: 1}",
    )
    catalog, _ = read_catalog([("bills.yaml", text.encode())])

    assert catalog is not None
    assert not catalog.types["PayBill"].validator.is_valid({"amount": 1, "parts": []})
    assert not catalog.types["PayBill"].validator.is_valid({})


def test_documents_may_repeat_what_they_agree_on() -> None:
    """A service may describe the messages it receives in a document of its own."""
    catalog, problems = read_catalog([("a.yaml", BILLS.encode()), ("b.yaml", BILLS.encode())])

    assert (catalog is not None, problems) == (True, [])


def test_documents_that_disagree_are_named_both() -> None:
    """Whoever mends it must know both places."""
    other = BILLS.replace("minimum: 0", "minimum: 1")

    _, problems = read_catalog([("a.yaml", BILLS.encode()), ("b.yaml", other.encode())])

    (problem,) = problems
    assert str(problem) == (
        'b.yaml:9:7: error: "BillPaid" is defined differently in a.yaml:9:7: '
        "make them equal, or remove one"
    )


def test_one_broken_document_refuses_the_whole_catalog() -> None:
    """A catalog with a hole would refuse events that are right."""
    catalog, problems = read_catalog([("a.yaml", BILLS.encode()), ("b.yaml", b"")])

    assert catalog is None
    assert [problem.position.file for problem in problems] == ["b.yaml"]


@pytest.mark.parametrize("index", ["7", "9" * 5_000, "²"])
def test_a_reference_into_a_list_that_has_no_such_place_leads_nowhere(index: str) -> None:
    """Python makes no number of thousands of digits, nor of all that it calls a digit."""
    reference = f"#/components/schemas/Known/enum/{index}"
    schemas = {"Known": {"enum": [1]}, "Lost": {"$ref": reference}}
    document = {"asyncapi": "3.0.0", "info": {"title": "T", "version": "1"}, "channels": {}}
    text = json.dumps(document | {"components": {"schemas": schemas}})
    catalog, problems = read_catalog([("a.yaml", text.encode())])
    assert catalog is None
    assert "there is nothing at" in str(problems[0])


def test_only_yaml_files_of_the_folder_are_read(tmp_path: Path) -> None:
    """Editors leave other files beside them."""
    for name in ("b.yml", "a.yaml", "a.yaml~", "notes.md", "._a.yaml"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".#a.yaml").symlink_to("whoever has it open")

    assert [(str(tmp_path / "a.yaml"), b"a.yaml"), (str(tmp_path / "b.yml"), b"b.yml")] == (
        read_schema_files(tmp_path)
    )
    assert [(str(tmp_path / "b.yml"), b"b.yml")] == read_schema_files(tmp_path / "b.yml")


def test_no_more_is_read_than_is_needed_to_refuse_a_document(tmp_path: Path) -> None:
    """A huge file in the folder must not fill the daemon's memory."""
    (tmp_path / "huge.yaml").write_bytes(b"#" * (LIMITS.size_bytes + 1000))

    ((_, content),) = read_schema_files(tmp_path)

    assert len(content) == LIMITS.size_bytes + 1


def test_a_folder_without_documents_is_a_mistake(tmp_path: Path) -> None:
    """A mistyped path must not look like a system without messages."""
    with pytest.raises(Misconfigured, match=r"holds no \*\.yaml files"):
        read_schema_files(tmp_path)
    with pytest.raises(Misconfigured, match=r"cannot read .*nowhere: No such file"):
        read_schema_files(tmp_path / "nowhere")


def test_no_documents_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is in the wrong folder learns which one that is, and what names the right one."""
    monkeypatch.chdir(tmp_path)
    told = f"cannot read schemas: No such file or directory in {tmp_path}: go to the folder that"

    with pytest.raises(Misconfigured, match=f"^{told} has it, or name another in ORCH.*_SCHEMAS$"):
        read_schema_files(Path("schemas"))
    with pytest.raises(Misconfigured, match=r"^cannot read typo.yaml: No such file or directory$"):
        read_schema_files(Path("typo.yaml"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "#/", "#/channels", "x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["$ref", "type", "0", "payload"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_document_crashes_the_reader(data: st.DataObject) -> None:
    """Any part of a document may be replaced by anything: the answer is problems or a catalog."""
    document, _ = read_document(BILLS, "f")
    assert document is not None
    mutated = _mutate(document.value, data)

    catalog, problems = read_catalog([("f", json.dumps(mutated).encode())])

    assert (catalog is None) == any(problem.level == "error" for problem in problems)


def _mutate(value: object, data: st.DataObject) -> object:
    """Return `value` with one part, at any depth, replaced by any JSON value."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 9)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: _mutate(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        return [_mutate(value[0], data), *value[1:]]
    return data.draw(JSON)
