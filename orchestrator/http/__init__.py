"""The HTTP port of a process: probes, metrics, and the door to workflows. Decides nothing."""

from orchestrator.http.app import create_app
from orchestrator.http.serving import serving

__all__ = ["create_app", "serving"]
