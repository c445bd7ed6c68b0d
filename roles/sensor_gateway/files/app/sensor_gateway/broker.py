"""The local broker: hears the sensors that speak MQTT, and carries batches, acknowledgements and status.

A message is acknowledged to the broker only when its readings are on the disk; what is given again after a kill is
known by its number in the session. So nothing is lost between broker and outbox, and nothing is counted twice.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt

LOG = logging.getLogger("broker")
AFTER_CONNECT = 30.0  # seconds in which an older state of the broker may give a message again without saying so


class Broker:
    """A session that outlives the process: what came while the collector was down is given when it is back."""

    def __init__(
        self, settings: dict[str, Any], topics: list[str], hear: Callable[[mqtt.MQTTMessage, bool], None]
    ) -> None:
        self.gateway = settings["gateway"]
        self._settings = settings["broker"]
        self._topics = [(topic, 1) for topic in topics]
        self._hear = hear
        self._since = float("-inf")
        self.connected = False
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id="collector",
            clean_session=False,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        self._client.username_pw_set("collector", self._settings["password"])
        self._client.will_set(f"status/{self.gateway}", json.dumps({"state": "offline"}), qos=1, retain=True)
        self._client.reconnect_delay_set(1, 5)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Connect in the background, again and again."""
        self._client.connect_async(self._settings["host"], self._settings["port"], keepalive=30)
        self._client.loop_start()

    def stop(self, status: dict[str, Any]) -> None:
        """Say good-bye, and wait until the broker has heard it."""
        if self.connected:
            self.publish_status(status).wait_for_publish(2.0)
        self._client.disconnect()
        self._client.loop_stop()

    def publish_batch(self, payload: bytes) -> None:
        """Hand a batch to the broker, whose bridge carries it; one that gets lost here is sent again later."""
        self._client.publish(f"readings/{self.gateway}", payload, qos=1)

    def publish_status(self, status: dict[str, Any]) -> mqtt.MQTTMessageInfo:
        """Publish how the gateway is; the broker keeps the last one."""
        return self._client.publish(f"status/{self.gateway}", json.dumps(status), qos=1, retain=True)

    def _on_connect(self, client: mqtt.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            LOG.error("the local broker refuses the collector: %s", reason)
            return
        self._since, self.connected = time.monotonic(), True
        client.subscribe(self._topics)

    def _on_disconnect(self, _client: mqtt.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.connected = False
        LOG.warning("the local broker is gone: %s", reason)

    def _on_message(self, client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        again = message.dup or time.monotonic() - self._since < AFTER_CONNECT
        self._hear(message, again)
        client.ack(message.mid, message.qos)
