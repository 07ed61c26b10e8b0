"""Which faults there are on a site."""

from collections.abc import Sequence

from reduse.soak.faults import clocks, connections, disks, processes, whole
from reduse.soak.faults.definition import Fault
from reduse.soak.schedule import Kind
from reduse.soak.site import AGENT_TO_GATEWAY, GATEWAY_TO_PROMETHEUS, SERVICES_TO_AGENT, WAYS, Site

NONE = "none"
OF_A_SERVICE = "what a service answered since its last export (a second), counted here by the seconds of its answers"
LOGS = "lines of logs"
SCRAPES = "readings of databases, broker and host that were not made (`CollectorRefusing`)"


def faults(site: Site, *, quick: bool) -> Sequence[Fault]:
    """All that can be made here; `quick`: only those for a soak of minutes."""
    found = [fault for fault in _all(site) if fault.kind.targets]
    return [fault for fault in found if fault.quick] if quick else found


def lacking(site: Site) -> list[str]:
    """What cannot be made here, and why."""
    return [
        *([] if site.disks else ["full disks, and what a machine has not written: take root and loop devices"]),
        *([] if site.clocks else ["clocks of services: need Debian's package faketime"]),
    ]


def _all(site: Site) -> Sequence[Fault]:
    company = site.installation.processes
    stores = (*(each.name for each in company.databases), *(each.name for each in company.brokers))
    names = tuple(broker.names_part for broker in company.brokers)
    pipeline = ("agent", "gateway", "processor", "prometheus")
    besides = ("alertmanager", "console")
    services = site.services
    small = tuple(site.disks)
    senders = frozenset((*services, *stores))
    return (
        Fault(
            Kind("kill", (*services, *pipeline, *besides, *stores, *names), 3, 10, weight=4),
            "`kill -9` of a part",
            OF_A_SERVICE,
            processes.killed,
            quick=True,
            messages=senders,
        ),
        Fault(
            # Shorter than those who wait for a service do.
            Kind("pause", (*services, *pipeline, *besides, *stores), 2, 7, weight=2),
            "SIGSTOP of a part for seconds",
            NONE,
            processes.paused,
            quick=True,
            messages=senders,
        ),
        Fault(
            Kind("long-pause", pipeline, 15, 40),
            "SIGSTOP of a part for longer than any deadline",
            NONE,
            processes.paused,
        ),
        Fault(Kind("cut", WAYS, 3, 30, weight=2), "connections reset and refused", NONE, connections.cut, quick=True),
        Fault(Kind("held", WAYS, 5, 30), "connections on which nothing passes", NONE, connections.held),
        Fault(
            Kind("slow", (GATEWAY_TO_PROMETHEUS, AGENT_TO_GATEWAY, SERVICES_TO_AGENT), 15, 45),
            f"connections with {connections.SLOW_RATE / 1000:.0f} kB/s",
            NONE,
            connections.slow,
        ),
        Fault(
            Kind("disk-full", tuple(name for name in small if name != "log"), 8, 40, weight=2),
            "no block free for a part's state",
            "windows of the history, counted (`HistoryIncomplete`) and known to readers; none of requests",
            disks.full,
        ),
        Fault(
            Kind("log-full", ("log",) if "log" in small else (), 5, 30),
            "no block free for logs",
            LOGS,
            disks.full,
            quick=True,
        ),
        Fault(
            Kind("clock", clocks.targets(tuple(site.clocks)), 5, 30, weight=2),
            "a service's clock is wrong by minutes or an hour",
            NONE,
            clocks.stepped,
        ),
        Fault(
            Kind("restart", stores, 3, 12),
            "a database or the broker is stopped and started again",
            "none of requests; the company's own answers are 503",
            processes.restarted,
            messages=senders,
        ),
        Fault(
            Kind("second-up", ("stack",), 1, 2),
            "a second `./reduse up` on the same state",
            "none; it has to be refused, and to end nothing",
            whole.second_up,
            quick=True,
        ),
        Fault(
            Kind("queue-full", (AGENT_TO_GATEWAY,), 80, 110),
            "the agent's queue is full",
            f"none of requests, which the services keep; {SCRAPES}",
            connections.queue_full,
        ),
        Fault(
            Kind("supervisor", ("stack",), 2, 5),
            "`kill -9` of the supervisor, then `./reduse up`",
            NONE,
            whole.supervisor_killed,
            messages=frozenset(("stack",)),
        ),
        Fault(
            Kind("power", ("machine",), 1, 3),
            "all processes die at once, and disks lose what was not written",
            f"what services answered in the last {whole.UNWRITTEN_SECONDS:.0f} s, which is how long the kernel may "
            "hold what nobody syncs (the agent's queue, Prometheus' log)",
            whole.power_lost,
            messages=frozenset(("machine",)),
        ),
    )
