"""Where dead letters of a broker's queues go, from what its management API says.

The collector's receiver decides which role each queue has (collector/receivers/rabbitmq/roles.go). Here is only told in
which queues dead letters can end up, for people who write a company's file.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# That of the receiver, for queues that no dead-letter exchange feeds.
BY_NAME = re.compile(r"(^|[-._:/])(dlq|dead[-._]?letters?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, with the arguments that it has itself or by policies, without the `x-` of those."""

    vhost: str
    name: str
    kind: str = "classic"
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expires(self) -> bool:
        return "message-ttl" in self.settings


@dataclass(frozen=True, slots=True)
class Binding:
    """From an exchange to a queue, or to another exchange."""

    vhost: str
    source: str
    destination: str
    to_queue: bool
    key: str


@dataclass(frozen=True, slots=True)
class Topology:
    """`exchanges`: the type of each, by virtual host and name."""

    vhosts: tuple[str, ...]
    queues: tuple[Queue, ...]
    exchanges: Mapping[tuple[str, str], str]
    bindings: tuple[Binding, ...]

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Virtual hosts in which the user sees nothing: there is none without an exchange."""
        seen = {vhost for vhost, _ in self.exchanges}
        return tuple(vhost for vhost in self.vhosts if vhost not in seen)

    def dead_letter_queues(self) -> list[Queue]:
        """Queues that dead letters come to and do not leave by themselves, and those that are called so."""
        reached = {(queue.vhost, name) for queue in self.queues for name in self._letters_of(queue)}
        return [
            queue
            for queue in self.queues
            if BY_NAME.search(queue.name)
            or (
                (queue.vhost, queue.name) in reached
                and not (queue.expires and "dead-letter-exchange" in queue.settings)
            )
        ]

    def retry_queues(self) -> list[Queue]:
        """Queues in which messages wait until they expire, and go on to another."""
        return [queue for queue in self.queues if queue.expires and "dead-letter-exchange" in queue.settings]

    def _letters_of(self, queue: Queue) -> Iterator[str]:
        """Names of the queues that this one's letters come to, unless they come back as from a retry queue."""
        exchange = queue.settings.get("dead-letter-exchange")
        if exchange is None or queue.expires:
            return
        given = queue.settings.get("dead-letter-routing-key")
        if exchange == "":
            yield str(given or queue.name)
            return
        yield from self._from(queue.vhost, str(exchange), None if given is None else str(given))

    def _from(self, vhost: str, exchange: str, key: str | None) -> Iterator[str]:
        waiting, seen = deque([exchange]), {exchange}
        while waiting:
            source = waiting.popleft()
            kind = self.exchanges.get((vhost, source), "")
            for binding in self.bindings:
                if (binding.vhost, binding.source) != (vhost, source) or not takes(kind, binding.key, key):
                    continue
                if binding.to_queue:
                    yield binding.destination
                elif binding.destination not in seen:
                    seen.add(binding.destination)
                    waiting.append(binding.destination)


def takes(kind: str, pattern: str, key: str | None) -> bool:
    """Whether a binding of an exchange of this type may take a message with this key; any when it is not known."""
    if key is None or kind not in {"direct", "topic"}:
        return True
    if kind == "direct":
        return pattern == key
    return _words(pattern.split("."), key.split("."))


def _words(pattern: Sequence[str], words: Sequence[str]) -> bool:
    """As AMQP has topics: `*` for one word, `#` for any number of them."""
    possible = {0}
    for part in pattern:
        if part == "#":
            possible = set(range(min(possible, default=len(words) + 1), len(words) + 1))
        else:
            possible = {n + 1 for n in possible if n < len(words) and part in {"*", words[n]}}
    return len(words) in possible


def topology_of(
    vhosts: Sequence[Mapping[str, Any]],
    queues: Sequence[Mapping[str, Any]],
    exchanges: Sequence[Mapping[str, Any]],
    bindings: Sequence[Mapping[str, Any]],
    policies: Sequence[Mapping[str, Any]] = (),
) -> Topology:
    """From the answers of the management API."""
    definitions = {(policy["vhost"], policy["name"]): policy["definition"] for policy in policies}
    return Topology(
        tuple(vhost["name"] for vhost in vhosts),
        tuple(_queue(queue, definitions) for queue in queues),
        {(exchange["vhost"], exchange["name"]): exchange["type"] for exchange in exchanges},
        tuple(
            Binding(
                each["vhost"],
                each["source"],
                each["destination"],
                each["destination_type"] == "queue",
                each["routing_key"],
            )
            for each in bindings
            if each["source"]
        ),
    )


def _queue(told: Mapping[str, Any], policies: Mapping[tuple[str, str], Mapping[str, Any]]) -> Queue:
    settings: dict[str, Any] = {}
    for policy in (told.get("operator_policy"), told.get("policy")):
        settings |= dict(policies.get((told["vhost"], str(policy)), {}))
    settings |= dict(told.get("effective_policy_definition") or {})
    # An empty object is a list there.
    own = dict(told.get("arguments") or {})
    settings |= {name.removeprefix("x-"): value for name, value in own.items()}
    return Queue(told["vhost"], told["name"], told.get("type", "classic"), settings)
