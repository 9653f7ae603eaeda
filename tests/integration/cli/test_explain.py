"""Why a rule did, or did not, fire: with a daemon that decided it, and no doubles."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.test_story import await_types, running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.cli.conftest import Shell

RULES = """
- name: acknowledged
  when: ComplaintFiled
  then: [SendAcknowledgment]
- name: large
  when: ComplaintFiled
  if: get(data.amount, 0) > {limit} && data.region == "north"
  then: [AssignInvestigator]
- name: closed
  when: {{all: [ComplaintFiled, CaseClosed]}}
  within: 2d
  then: [CloseCase]
- name: reminded
  when: ComplaintFiled
  then:
    - send: AssignInvestigator
      after: 5d
- name: permitted
  when: PermitReviewed
  if: data.decision == "{decision}"
  then: [DenyPermit]
"""
COMPLAINT = {
    "complainant": {"name": "Ada Keller", "email": "ada.keller@example.org"},
    "category": "safety",
    "employer": "Harbor Logistics",
    "amount": 250,
    "region": "north",
}


@pytest.fixture
def ruled(shell: Shell, tmp_path: Path) -> Shell:
    """An installation with rules of its own."""
    folder = tmp_path / "own-rules"
    folder.mkdir()
    (folder / "rules.yaml").write_text(RULES.format(limit=10000, decision="other"))
    ruled = replace(shell, environment={**shell.environment, "ORCHESTRATOR_RULES": str(folder)})
    assert ruled.run("apply").returncode == 0
    return ruled


@pytest.mark.timeout(120)  # a dozen processes
def test_an_account_names_what_every_rule_made_of_an_event(ruled: Shell, tmp_path: Path) -> None:
    """Live state, the log and the decision of the daemon agree on one story.

    What is recorded of it is a test that passes.
    """
    with (
        running(ruled, "run", until="rulebook_loaded"),
        ruled.start("tail", "--from", "first", "--json") as tail,
    ):
        try:
            ruled.run("publish", "ComplaintFiled", json.dumps(COMPLAINT), "--key", "C-1")
            await_types(tail, {"SendAcknowledgment"})
        finally:
            tail.kill()

    account = json.loads(ruled.run("explain", "C-1", "--json").stdout)
    rules = {rule["rule"]: rule for rule in account["steps"][0]["rules"]}
    assert {name: rule["verdict"] for name, rule in rules.items()} == {
        "acknowledged": "sent",
        "large": "silent",
        "closed": "waits",
        "reminded": "sent",
    }
    assert [clause["holds"] for clause in rules["large"]["clauses"]] == [False, True]
    assert account["waits"][0]["missing"] == "CaseClosed"
    assert [one["type"] for one in account["pending"]] == ["AssignInvestigator"]

    recorded = ruled.run("rules", "test", "--record", "C-1")
    assert (recorded.returncode, "Ada" in recorded.stdout) == (0, False), recorded.stderr
    case = tmp_path / "case.yaml"
    case.write_text(recorded.stdout)
    assert ruled.run("rules", "test", str(case)).stdout == "1 passed, 0 failed\n"

    plain = ruled.run("explain", "C-1", "--rule", "large").stdout
    assert "did not fire: get(data.amount, 0) > 10000 is false: data.amount is 250" in plain
    unasked = ruled.run("explain", "C-1", "--rule", "permitted").stdout
    assert "it wants PermitReviewed, and no such event has the key C-1" in unasked


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("explain C-404", "nothing is known of C-404"),
        ("explain C-404 --rule large-clain", "did you mean large-claim?"),
        ("rules test --record C-404", "no event with the key C-404 that a rule wants"),
    ],
)
def test_what_cannot_be_told_is_one_line(command: str, told: str, applied: Shell) -> None:
    """It says where it looked, and what to do."""
    result = applied.run(*command.split())
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert told in line


@pytest.mark.timeout(120)  # a dozen processes
def test_an_event_that_nothing_wanted_reaches_the_rule_once_it_is_mended(
    ruled: Shell, tmp_path: Path
) -> None:
    """The whole way: noted by the daemon, found, sent again, reacted to."""
    review = ruled.run("schemas", "show", "PermitReviewed", "--examples").stdout.splitlines()[1]
    rules = tmp_path / "own-rules" / "rules.yaml"
    with (
        running(ruled, "run", until="rulebook_loaded") as daemon,
        ruled.start("tail", "--from", "first", "--json") as tail,
    ):
        try:
            ruled.run("publish", "PermitReviewed", review, "--key", "P-1")
            ruled.run("publish", "ComplaintFiled", json.dumps(COMPLAINT), "--key", "C-1")
            await_types(tail, {"SendAcknowledgment"})  # the daemon is past the review
            (entry,) = json.loads(ruled.run("unmatched", "list", "--json").stdout)
            assert (entry["key"], entry["matches_now"]) == ("P-1", None)

            rules.write_text(RULES.format(limit=10000, decision="denied"))
            assert daemon.stderr is not None
            assert any('"event":"rulebook_loaded"' in line for line in daemon.stderr)
            assert ruled.run("unmatched", "retry", entry["entry"]).returncode == 0
            await_types(tail, {"DenyPermit"})
        finally:
            tail.kill()
    assert json.loads(ruled.run("unmatched", "list", "--json").stdout) == []
