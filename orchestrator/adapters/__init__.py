"""The outside, one client library per module: RabbitMQ, Redis, and memory for tests."""
