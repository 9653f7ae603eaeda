"""A complaint in plain JSON, as any AMQP client in any language can send it."""

import json
import os

import pika

with pika.BlockingConnection(pika.URLParameters(os.environ["ORCHESTRATOR_AMQP_URL"])) as connection:
    rosa = {"name": "Rosa Lind", "email": "rosa.lind@example.org"}
    complaint = {"complainant": rosa, "category": "other", "employer": "Mint", "region": "west"}
    event = {"type": "ComplaintFiled", "id": "C-1018", "data": complaint}
    kept = pika.BasicProperties(content_type="application/json", delivery_mode=2)
    channel = connection.channel()
    channel.confirm_delivery()
    exchange = os.environ.get("ORCHESTRATOR_EXCHANGE", "hms")
    channel.basic_publish(exchange, "complaints.v1", json.dumps(event), kept, mandatory=True)
