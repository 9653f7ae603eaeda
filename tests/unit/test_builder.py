"""A workflow put together in Python is the one that YAML would make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest

from orchestrator.builder import Workflow
from orchestrator.catalog import Catalog, read_catalog, read_schema_files
from orchestrator.errors import InvalidDefinitions
from orchestrator.rulefile import read_rules

ROOT = Path(__file__).parents[2]

BY_HAND = """
workflows:
  - name: permits
    when: PermitApplicationSubmitted
    by: data.applicant.email
    timeout: 90d
    mode: dag
    steps:
      review:
        send: ReviewPermit
        await: PermitReviewed
        retry: {attempts: 3, delay: 60s}
        compensate: DenyPermit
      tell:
        depends_on: [review]
        if: steps.review.output.decision == "approved"
        group: parallel
        steps:
          first: {wait: 2s}
          second: {wait: 3s}
    then:
      - SendNotification: {to: a@b.example, subject: Done, text: "${instance.key}"}
"""


def in_python() -> Workflow:
    """The same workflow as `BY_HAND`."""
    news = Workflow("").step("first", wait=timedelta(seconds=2)).step("second", wait="3s")
    retry = {"attempts": 3, "delay": timedelta(minutes=1)}
    done = {"to": "a@b.example", "subject": "Done", "text": "${instance.key}"}
    return (
        Workflow("permits", when="PermitApplicationSubmitted", by="data.applicant.email")
        .timeout("90d")
        .mode("dag")
        .step(
            "review",
            send="ReviewPermit",
            await_="PermitReviewed",
            retry=retry,
            compensate="DenyPermit",
        )
        .group(
            "tell",
            "parallel",
            news,
            depends_on=["review"],
            if_='steps.review.output.decision == "approved"',
        )
        .then({"SendNotification": done})
    )


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The message types this project ships."""
    catalog, problems = read_catalog(read_schema_files(ROOT / "schemas"))
    assert catalog is not None, problems
    return catalog


def test_what_arguments_say_is_added_to() -> None:
    """Every key is an argument, and what is added later must not take its place."""
    done, more = {"SendNotification": {"to": "a@b.example"}}, "CloseCase"
    at_once = Workflow("w", steps={"a": {"wait": "1s"}, "b": {"wait": "2s"}}, then=[done, more])
    later = Workflow("w", steps={"a": {"wait": "1s"}}, then=[done]).step("b", wait="2s").then(more)
    assert later.to_yaml() == at_once.to_yaml()
    with pytest.raises(ValueError, match="has a step 'a' already"):
        later.step("a", wait="3s")
    with pytest.raises(InvalidDefinitions, match="`then` is text"):
        Workflow("w", then="CloseCase").step("a", wait="1s").then("CloseCase").build()


def test_python_and_yaml_make_one_definition(catalog: Catalog) -> None:
    """An instance must not see a new revision because its workflow was written another way."""
    rulebook, problems = read_rules([("by-hand.yaml", BY_HAND)], catalog)
    assert rulebook is not None, problems

    assert rulebook.by_name["permits"].revision == in_python().build(catalog).revision


def test_what_is_built_can_be_kept_as_a_rule_file(catalog: Catalog) -> None:
    """Who began in Python can go on in YAML, without changing what runs."""
    built = in_python()
    rulebook, problems = read_rules([("kept.yaml", built.to_yaml())], catalog)
    assert rulebook is not None, problems

    assert rulebook.by_name["permits"].revision == built.build(catalog).revision


def test_a_mistake_is_told_as_in_a_file(catalog: Catalog) -> None:
    """The reader is the same, and so are its words."""
    with pytest.raises(InvalidDefinitions, match='did you mean "ReviewPermit"'):
        Workflow("permits", timeout="1d").step("review", send="ReviewPermitt").build(catalog)


def test_the_documents_of_the_daemon_are_asked_where_no_others_are_given(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One call is enough, and it knows the types that the daemon will know."""
    monkeypatch.setenv("ORCHESTRATOR_SCHEMAS", str(ROOT / "schemas"))
    assert in_python().build().revision == in_python().build(catalog).revision
    (tmp_path / "wrong.yaml").write_text("asyncapi: 2.0.0")
    monkeypatch.setenv("ORCHESTRATOR_SCHEMAS", str(tmp_path))
    with pytest.raises(InvalidDefinitions, match=r"wrong\.yaml"):
        in_python().build()


class Type(StrEnum):
    """How a program may keep the names of its messages."""

    REVIEW = "ReviewPermit"


def test_names_may_be_members_of_an_enumeration(catalog: Catalog) -> None:
    """They are texts in Python, too; and lengths may be timedeltas wherever there are any."""
    review = Workflow("permits", timeout="1d").step("review", send=Type.REVIEW)
    review.then({"send": Type.REVIEW, "after": timedelta(hours=1)})
    assert review.build(catalog).outline.sends


@pytest.mark.parametrize("value", [Decimal("1.5"), float("nan"), datetime.now(UTC), {1}, b"x"])
def test_what_yaml_cannot_say_is_told_at_once(value: object) -> None:
    """Where it is written, and not by the library that would have to write it."""
    with pytest.raises(TypeError, match="cannot be written in YAML"):
        Workflow("permits").step("review", send="ReviewPermit", with_={"fee": [value]})


def test_a_step_cannot_replace_another() -> None:
    """A name that is taken is a slip, and the first step would be lost without a word."""
    with pytest.raises(ValueError, match="names are unique"):
        Workflow("permits").step("review", wait="1d").step("review", wait="2d")


def test_a_workflow_is_built_with_those_it_runs(catalog: Catalog) -> None:
    """Alone, it would run what is not there."""
    inner = Workflow("inner", timeout="1d").step("review", send="ReviewPermit")
    outer = Workflow("outer", timeout="2d").step("inner", run="inner")
    assert outer.build(catalog, inner).outline.runs
    with pytest.raises(InvalidDefinitions, match='there is no workflow "inner"'):
        outer.build(catalog)


def test_a_workflow_is_built_from_its_template(catalog: Catalog) -> None:
    """What the template says stands where the workflow says nothing."""
    template = Workflow("reviewed", timeout="1d", parameters={"command": "string"})
    template.step("review", send="${parameters.command}", await_="PermitReviewed")
    own = Workflow("mine", template="reviewed", parameters={"command": "ReviewPermit"})
    assert list(own.build(catalog, template).outline.places) == ["review"]


@pytest.mark.parametrize("keys", [{"enabled": False}, {"parameters": {"days": "string"}}])
def test_what_never_runs_cannot_be_built(catalog: Catalog, keys: dict[str, object]) -> None:
    """It is no definition, and a KeyError would not say so."""
    note = Workflow("note", timeout="1d", **keys).step("review", send="ReviewPermit")
    with pytest.raises(ValueError, match="note is switched off, or a template"):
        note.build(catalog)
