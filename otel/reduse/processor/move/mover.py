"""The move: what would be moved, and the moving itself. Until its last step nothing has changed for anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from reduse.processor.core.packing import pack, pack_in_parts, unpack
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.kafka.partition import Apart
from reduse.processor.kafka.settings import KafkaSettings
from reduse.processor.kafka.snapshot import Pointer
from reduse.processor.kafka.stage import Stage
from reduse.processor.move.conversion import Converted, Layout, Moved, State, convert
from reduse.processor.move.destination import Destination
from reduse.processor.move.source import Source, SourceError

# Says to a person how far it is.
Tell = Callable[[str], None]


@dataclass(slots=True)
class Plan:
    """`sizes`: bytes of each partition's state, by its place. `payloads`: of metrics that were still to be sent."""

    services: Sequence[Moved]
    payloads: int
    sizes: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "services": [
                {
                    "service": each.service,
                    "instances": each.instances,
                    "users": each.users,
                    "exports_partition": each.exports_partition,
                    "partials_partition": each.partials_partition,
                }
                for each in self.services
            ],
            "users": sum(each.users for each in self.services),
            "bytes": sum(self.sizes.values()),
            "partitions": self.sizes,
            "payloads": self.payloads,
        }


def move(
    source: Source,
    destination: Destination,
    settings: KafkaSettings,
    stages: tuple[Stage, Stage],
    kinds: Sequence[type[Processor]],
    options: Options,
    *,
    dry_run: bool,
    tell: Tell,
) -> Plan:
    """What is moved; with `dry_run`, what would be. Raises SourceError, DestinationError."""
    partitions = destination.partitions()
    destination.check_unused()
    layout = Layout(settings.exports_topic, partitions.exports, partitions.partials)
    converted = convert(source.shard.dump(), kinds, options, layout)
    if not converted.services:
        raise SourceError(f"{source.folder} contains no service: use the folder of the processor that has counted")
    plan = Plan(converted.services, source.payloads)
    if not dry_run:
        destination.make_topics()
    pointers: dict[tuple[str, int], Pointer] = {}
    for stage, number, state in _states(stages, converted):
        # Of exports all that is there has to be counted. Partials that are there were said of what is counted again.
        offset_of = destination.begin_of if stage is stages[0] else destination.end_of
        offset = 0 if dry_run else offset_of(stage.topic, number)
        partition = stage.new_partition(number, offset, Apart())
        partition.adopt(unpack(pack(state)))
        parts = pack_in_parts(partition.dump())
        plan.sizes[stage.place(number)] = sum(map(len, parts))
        if not dry_run:
            pointers[stage.topic, number] = destination.write(stage, number, offset, parts)
            tell(f"{stage.place(number)}: {plan.sizes[stage.place(number)]:,} bytes written")
    if not dry_run:
        if source.payloads:
            destination.say(source.instance, source.bodies())
            tell(f"{settings.metrics_topic}: {source.payloads} payloads written that the gateway did not have yet")
        # Nobody has come meanwhile.
        destination.check_unused()
        destination.commit(pointers)
    return plan


def _states(stages: tuple[Stage, Stage], converted: Converted) -> Iterator[tuple[Stage, int, State]]:
    for stage, states in zip(stages, (converted.shards, converted.joins), strict=True):
        for number, state in enumerate(states):
            yield stage, number, state
