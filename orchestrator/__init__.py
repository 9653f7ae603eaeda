"""Event-driven choreography on RabbitMQ: rules in YAML, state in Redis, nothing confirmed is lost."""

__version__ = "0.1.0"
