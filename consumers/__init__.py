"""Sample services: what they do is theirs, how they are run is `orchestrator.service`."""
