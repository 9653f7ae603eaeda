"""Event-driven choreography on RabbitMQ: rules in YAML, state in Redis, nothing is lost."""

__version__ = "0.1.0"
