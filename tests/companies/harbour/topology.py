"""What the harbour's brokers hold: two virtual hosts, queues of every kind, dead letters under any name."""

from collections.abc import Mapping
from typing import Any

NORTH_VHOSTS = ("/", "zoll")


def north() -> Mapping[str, Any]:
    """A quorum queue with a dead-letter exchange by argument, a stream, a retry queue, and dead letters by policy."""
    return {
        "vhosts": [{"name": vhost} for vhost in NORTH_VHOSTS],
        "permissions": [
            *(_permission("dienst", vhost, ".*") for vhost in NORTH_VHOSTS),
            *(_permission("monitoring", vhost, "^$") for vhost in NORTH_VHOSTS),
        ],
        "exchanges": [
            _exchange("/", "unzustellbar", "fanout"),
            _exchange("/", "wieder", "direct"),
            _exchange("zoll", "friedhof", "topic"),
        ],
        "queues": [
            _queue("/", "buchung.eingang", {"x-queue-type": "quorum", "x-dead-letter-exchange": "unzustellbar"}),
            _queue("/", "Unzustellbar 1", {}),
            _queue("/", "fahrtenbuch", {"x-queue-type": "stream"}),
            # What waits here comes back to the queue of work by itself.
            _queue(
                "/",
                "buchung.pause",
                {
                    "x-message-ttl": 3_600_000,
                    "x-dead-letter-exchange": "",
                    "x-dead-letter-routing-key": "buchung.eingang",
                },
            ),
            _queue("/", "nachtlauf", {}),
            _queue("zoll", "anmeldungen", {}),
            _queue("zoll", "grab.alt", {}),
        ],
        "bindings": [
            _binding("/", "unzustellbar", "Unzustellbar 1", ""),
            _binding("zoll", "friedhof", "grab.alt", "#"),
        ],
        "policies": [
            {
                "name": "tote",
                "vhost": "zoll",
                "pattern": "^anmeldungen$",
                "apply-to": "queues",
                "priority": 1,
                "definition": {"dead-letter-exchange": "friedhof"},
            }
        ],
    }


def south() -> Mapping[str, Any]:
    """A queue with the name of one in the north."""
    return {
        "vhosts": [{"name": "/"}],
        "permissions": [_permission("dienst", "/", ".*"), _permission("beobachter", "/", "^$")],
        "queues": [_queue("/", "buchung.eingang", {})],
    }


def _permission(user: str, vhost: str, rights: str) -> dict[str, str]:
    return {"user": user, "vhost": vhost, "configure": rights, "write": rights, "read": rights}


def _exchange(vhost: str, name: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "type": kind,
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _queue(vhost: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": dict(arguments)}


def _binding(vhost: str, source: str, queue: str, key: str) -> dict[str, Any]:
    return {
        "source": source,
        "vhost": vhost,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }
