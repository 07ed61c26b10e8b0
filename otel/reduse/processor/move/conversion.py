"""One processor's state as those of partitions: shards, by the topic of exports, and joins, by that of partials.

Each service becomes the only shard of itself, and its own joining. What is computed for each user goes to the shard,
and what looks at all users together to the join, which knows besides what the shard has counted so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reduse.processor.core import join
from reduse.processor.core.directory import Numbers
from reduse.processor.core.isolated import Failures, Isolated, of_all
from reduse.processor.core.joined_service import JoinedService, Source
from reduse.processor.core.metric import Metric
from reduse.processor.core.packing import Pieces, pack, unpack
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors.top_users import UserConcurrency, UserRate
from reduse.processor.core.sums import cumulative, gauges, without_ended
from reduse.processor.core.window import WINDOW, OpenWindow
from reduse.processor.kafka.exports_partition import stream_name
from reduse.processor.move.partitioning import key_of, of_agents, of_workers
from reduse.wire import WHOLE

State = Mapping[str, Any]
_TOPS = UserRate.name, UserConcurrency.name


@dataclass(frozen=True, slots=True)
class Layout:
    """Where services are: of how many partitions, and as who a partition of exports speaks."""

    exports_topic: str
    exports: int
    partials: int

    def shard_of(self, service: str) -> int:
        return of_agents(key_of(service), self.exports)

    def join_of(self, service: str) -> int:
        return of_workers(service.encode(), self.partials)


@dataclass(frozen=True, slots=True)
class Moved:
    """A service, and to which partitions it goes."""

    service: str
    instances: int
    users: int
    exports_partition: int
    partials_partition: int


@dataclass(slots=True)
class Converted:
    """`shards` and `joins`: of each partition what it is to adopt."""

    shards: list[State] = field(default_factory=list)
    joins: list[State] = field(default_factory=list)
    services: list[Moved] = field(default_factory=list)


def convert(state: State, kinds: Sequence[type[Processor]], options: Options, layout: Layout) -> Converted:
    """`state`: what `Shard.dump` gave. What comes out is to be packed, as that is, and has the same arrays."""
    joined = {kind.name for kind in kinds if kind.of_joined_window}
    summed = [kind for kind in kinds if not kind.of_joined_window]
    joins: list[list[State]] = [[] for _ in range(layout.partials)]
    for service in state["services"]:
        counted = _counted(service, summed, options)
        joins[layout.join_of(service["name"])].append(_service_of_join(service, joined, layout, counted))
    return Converted(
        [_shard(state, joined, layout, number) for number in range(layout.exports)],
        [{"format": join.STATE_FORMAT, "looked": 0, "services": services} for services in joins],
        [_moved(service, layout) for service in state["services"]],
    )


def _moved(service: State, layout: Layout) -> Moved:
    name, users = service["name"], sum(len(users) for users, _ in service["directory"]["segments"])
    return Moved(name, len(service["streams"]), users, layout.shard_of(name), layout.join_of(name))


def _shard(state: State, joined: set[str], layout: Layout, number: int) -> State:
    services = [each for each in state["services"] if layout.shard_of(each["name"]) == number]
    return {
        **state,
        "services": [_service_of_shard(each, joined) for each in services],
        "repeats": _repeats(state["repeats"], layout, number),
    }


def _service_of_shard(service: State, joined: set[str]) -> State:
    processors = service["processors"]
    return {
        **service,
        "streams": {stream_name(instance, WHOLE): _clock(times) for instance, times in service["streams"].items()},
        "processors": {name: saved for name, saved in processors.items() if name not in joined},
        "candidates": _candidates(processors),
    }


def _clock(times: Sequence[int]) -> list[int]:
    """Its last but one is when the stream began, which a shard waits a while after and a server does not."""
    *before, _, begun_at = times
    return [*before, 0, begun_at]


def _candidates(processors: State) -> State:
    """Whoever is a member of a top is a candidate for as long as they would stay one."""
    outside: dict[int, int] = {}
    for name in _TOPS:
        saved = processors.get(name)
        for user, windows in saved["members"]["outside"] if saved else ():
            outside[user] = min(windows, outside.get(user, windows))
    users = sorted(outside)
    return {
        "remembered": np.array(users, np.uint64),
        "outside": np.array([outside[user] for user in users], np.int64),
    }


def _repeats(repeats: State, layout: Layout, number: int) -> State:
    """What is known of the streams of this partition's services."""
    streams = repeats["streams"]
    chosen = [at for at, (service, _) in enumerate(streams) if layout.shard_of(service) == number]
    rows = np.flatnonzero(np.isin(repeats["keys"][:, 0], chosen))
    keys = repeats["keys"][rows]
    keys[:, 0] = np.searchsorted(chosen, keys[:, 0])
    return {
        "streams": [[streams[at][0], stream_name(streams[at][1], WHOLE)] for at in chosen],
        "floors": [repeats["floors"][at] for at in chosen],
        "keys": keys,
        "kinds": repeats["kinds"][rows],
        "users": _sets(repeats["users"], rows.tolist()),
        "others": _sets(repeats["others"], rows.tolist()),
    }


def _sets(sets: State, rows: list[int]) -> State:
    members: Pieces = sets["members"]
    return {
        "slots": sets["slots"][rows],
        "lengths": sets["lengths"][rows],
        "members": Pieces(members.dtype, [members.arrays[row] for row in rows]),
    }


def _counted(service: State, summed: Iterable[type[Processor]], options: Options) -> tuple[Metric, ...]:
    """What the processors of each user would say of a window in which nobody does anything."""
    processors = [Isolated(kind, options, Failures()) for kind in summed]
    for each in processors:
        if each.name in service["processors"]:
            # A copy: the state stays as it is.
            each.load(unpack(pack(service["processors"][each.name])))
    nobody, end = np.empty(0, np.int64), len(service["directory"]["last"])
    window, _ = OpenWindow().close(service["name"], _closed(service), 0, lambda *_: Numbers(nobody, nobody, end))
    return of_all((each, each.process(window)) for each in processors)


def _closed(service: State) -> int:
    """Index of the window after the last that is closed."""
    through: int | None = service["next_index"]
    return int(service["closed_through"]) + 1 if through is None else through


def _service_of_join(service: State, joined: set[str], layout: Layout, counted: Sequence[Metric]) -> State:
    """As if its partition of exports had spoken of all windows that are closed."""
    name, closed, started = service["name"], _closed(service) * WINDOW, service["started"]
    # Nothing was closed since the service fell silent, or ever.
    silent = service["next_index"] is None
    values = cumulative(counted) if started else {}
    # Whoever is quiet has said so after that, and says nothing before there is something.
    source = Source(closed, service["heard"], service["quiet"], (WHOLE,), started, values)
    converted = JoinedService(
        name,
        (),
        {f"{layout.exports_topic}/{layout.shard_of(name)}": source},
        closed=closed,
        silent=silent,
        started=started,
        heads={each.name: each for each in counted if each.name in values},
        shown={} if silent else {each.name: each for each in map(without_ended, gauges([counted], [])) if each.points},
    )
    processors = {each: saved for each, saved in service["processors"].items() if each in joined}
    return {**converted.dump(), "processors": processors}
