"""Rule files: strict YAML to definitions, with every problem and its position. Runs no rule."""

from orchestrator.rulefile.folder import read_rule_files
from orchestrator.rulefile.messages import MessageCatalog
from orchestrator.rulefile.reader import read_rules

__all__ = ["MessageCatalog", "read_rule_files", "read_rules"]
