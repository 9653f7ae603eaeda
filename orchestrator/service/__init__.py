"""The consumer runtime: everything a consumer service imports."""

from orchestrator.service.context import Context
from orchestrator.service.errors import DependencyDown, Reject
from orchestrator.service.handler import RETRIES, Delay, Policy
from orchestrator.service.service import Service

__all__ = ["RETRIES", "Context", "Delay", "DependencyDown", "Policy", "Reject", "Service"]
