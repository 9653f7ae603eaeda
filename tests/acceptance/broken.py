"""Consumers as they should not be written, to see that the count catches them.

``python -m tests.acceptance.broken ack-first|random-ids EXCHANGE QUEUE``
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from typing import Any

from tests.acceptance.traffic import CHANNEL, connect, send

COMMANDS = {"SendAcknowledgment": "notify.v1", "AssignInvestigator": "hr.v1"}
HALFWAY_SECONDS = 0.005
"""How long each command takes: a consumer that is never idle is killed at work, however fast."""


def main(mode: str, exchange: str, queue: str) -> None:
    """React to each event with both commands, wrongly."""
    connection = connect(os.environ["ORCHESTRATOR_AMQP_URL"])
    consuming, publishing = connection.channel(), connection.channel()
    publishing.confirm_delivery()
    consuming.queue_bind(queue, f"{exchange}.bus", CHANNEL)
    consuming.basic_qos(prefetch_count=100)

    def react(_channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        event = json.loads(body)
        for command, key in COMMANDS.items():
            derived = uuid.uuid5(uuid.NAMESPACE_OID, event["id"] + command)
            command_id = uuid.uuid4() if mode == "random-ids" else derived
            message = {"id": str(command_id), "type": command, "causationid": event["id"]}
            time.sleep(HALFWAY_SECONDS)
            send(publishing, exchange, json.dumps(message).encode(), key=key)
        if mode == "random-ids":
            consuming.basic_ack(method.delivery_tag)

    consuming.basic_consume(queue, react, auto_ack=mode == "ack-first")
    consuming.start_consuming()


if __name__ == "__main__":
    main(*sys.argv[1:])
