"""What is known of the connection pools of a process. Pools are not kept alive by it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, NamedTuple, TypeVar
from weakref import ref

from reduse.distro.base.harmless import is_the_services, note

Result = TypeVar("Result")

# Different names in one process, a bound for applications with a pool for each of many databases. The pools beyond are
# reported together, as OTHER.
NAME_LIMIT = 100
OTHER = "_OTHER"


class Usage(NamedTuple):
    """Connections of a pool: idle, used, and how many there may be; None without a bound."""

    idle: int = 0
    used: int = 0
    maximum: int | None = 0


@dataclass(slots=True)
class PoolReading:
    """All pools of one name. A name that was seen once is reported from then on, when its pools are gone with zeros.

    `maximum` is None when one of them has no bound.
    """

    name: str
    idle: int = 0
    used: int = 0
    maximum: int | None = 0
    pending: int = 0
    timeouts: int = 0

    def __add__(self, other: "PoolReading") -> "PoolReading":
        """Both together, by the name of this one."""
        return PoolReading(
            self.name,
            self.idle + other.idle,
            self.used + other.used,
            _sum(self.maximum, other.maximum),
            self.pending + other.pending,
            self.timeouts + other.timeouts,
        )


def _sum(maximum: int | None, other: int | None) -> int | None:
    return None if maximum is None or other is None else maximum + other


class _Pool:
    __slots__ = ("name", "pending", "weakly")

    def __init__(self, pool: Any, name: str) -> None:
        self.weakly = ref(pool)
        self.name = name
        self.pending = 0


class ConnectionPools:
    """The pools of this process.

    A forked child knows none at first. It takes over a pool of its parent's when it asks it for a connection; until
    then the pool is its parent's alone.

    Args:
        name_of: the name of a pool, without secrets; several may have the same.
        usage_of: reads a pool.
    """

    def __init__(self, name_of: Callable[[Any], str], usage_of: Callable[[Any], Usage]) -> None:
        self._name_of = name_of
        self._usage_of = usage_of
        self.reset()

    def reset(self) -> None:
        """Know no pool, with a lock of our own: for a forked child."""
        self._lock = Lock()
        self._pools: dict[int, _Pool] = {}
        self._timeouts: dict[str, int] = {}

    @staticmethod
    def safely(call: Callable[[], Result]) -> Result | None:
        """What a call gives; None when it fails, of which whoever uses a pool must not notice anything."""
        try:
            return call()
        except Exception as raised:
            if is_the_services(raised):
                raise
            note("a pool was not measured")
            return None

    def add(self, pool: Any) -> None:
        """There is this pool."""
        self.safely(lambda: self._add(pool, pending=0))

    def ask(self, pool: Any) -> _Pool | None:
        """A caller asks the pool for a connection; `answer` must follow."""
        return self.safely(lambda: self._add(pool, pending=1))

    def _add(self, pool: Any, pending: int) -> _Pool:
        with self._lock:
            asked = self._known(pool)
            asked.pending += pending
        return asked

    def answer(self, asked: _Pool | None, *, timed_out: bool) -> None:
        """The caller has its connection or an error; `timed_out`: there was none for as long as the pool waits."""
        if asked is None:
            return
        with self._lock:
            asked.pending -= 1
            if timed_out:
                self._timeouts[asked.name] = self._timeouts.get(asked.name, 0) + 1

    def readings(self) -> list[PoolReading]:
        """All pools now, those of one name together."""
        with self._lock:
            self._forget_the_dead()
            readings = {name: PoolReading(name, timeouts=timeouts) for name, timeouts in self._timeouts.items()}
            pools = list(self._pools.values())
        for known in pools:
            pool, reading = known.weakly(), readings[known.name]
            if pool is not None:
                idle, used, maximum = self.safely(partial(self._usage_of, pool)) or Usage()
                reading.idle += idle
                reading.used += used
                reading.maximum = _sum(reading.maximum, maximum)
                reading.pending += known.pending
        return list(readings.values())

    def _known(self, pool: Any) -> _Pool:
        known = self._pools.get(id(pool))
        if known is not None and known.weakly() is pool:
            return known
        self._forget_the_dead()
        name = self._name_of(pool)
        if name not in self._timeouts and len(self._timeouts) >= NAME_LIMIT:
            name = OTHER
        self._timeouts.setdefault(name, 0)
        known = self._pools[id(pool)] = _Pool(pool, name)
        return known

    def _forget_the_dead(self) -> None:
        for key in [key for key, known in self._pools.items() if known.weakly() is None]:
            del self._pools[key]
