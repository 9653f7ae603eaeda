"""Tests of rules, written in YAML beside them and played on a virtual clock. Prints nothing."""

from orchestrator.ruletest.case import Case
from orchestrator.ruletest.folder import read_test_files
from orchestrator.ruletest.judging import Failure, Outcome
from orchestrator.ruletest.playing import play
from orchestrator.ruletest.reading import read_cases

__all__ = ["Case", "Failure", "Outcome", "play", "read_cases", "read_test_files"]
