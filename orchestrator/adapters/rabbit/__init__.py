"""RabbitMQ: the broker port, administration, the log stream and dead letters."""
