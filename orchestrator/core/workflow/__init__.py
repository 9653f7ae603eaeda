"""Workflows: steps, replies, compensation. Pure; knows no store, no broker and no YAML."""

from orchestrator.core.workflow.machine import Workflow

__all__ = ["Workflow"]
