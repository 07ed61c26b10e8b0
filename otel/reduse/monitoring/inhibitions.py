"""Inhibition of alerts that are consequences of others: by kind for every company, and by the links in its file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reduse.monitoring.matchers import equal, one_of
from reduse.watch.company import Company
from reduse.watch.service import QueueRef, Service

# Alerts about a service that are caused by the failure of its database.
_OF_A_DATABASE = ("DatabaseSlow", "ErrorBudgetBurning", "LatencyBudgetBurning", "RequestsWaitForConnections")
# Alerts about a queue that are caused by the failure of its consumer.
_OF_A_CONSUMER = ("ConsumersGone", "QueueGrowing")
# A service that is down sends neither of them; its users come from the processor, its CPU from its container.
_OF_A_SERVICE_ITSELF = ("latency", "requests")


def inhibitions(company: Company) -> tuple[Mapping[str, Any], ...]:
    """The entries of `inhibit_rules`."""
    return (*_OF_EVERY_COMPANY, *_of_databases(company), *_of_consumers(company))


def _inhibition(
    source: Sequence[str], target: Sequence[str], equal_labels: Sequence[str] = ()
) -> Mapping[str, Sequence[str]]:
    entry = {"source_matchers": list(source), "target_matchers": list(target)}
    return entry | ({"equal": list(equal_labels)} if equal_labels else {})


_OF_EVERY_COMPANY = (
    # Of two severities of the same problem, the worse one is enough.
    _inhibition(
        [equal("severity", "critical")],
        [equal("severity", "warning")],
        ["alertname", "job", "service", "instance", "vhost", "queue", "objective"],
    ),
    # An alert that it cannot be read, with the reason, says more than that its rows are missing.
    _inhibition(
        [one_of("alertname", ("BrokerUnreadable", "DatabaseUnreadable")), equal("severity", "critical")],
        [equal("alertname", "SignalMissing")],
        ["job"],
    ),
    _inhibition([equal("alertname", "BrokerAlarm")], [one_of("alertname", _OF_A_CONSUMER)], ["job", "instance"]),
    # While nothing is stored, alerts that are based on stored samples are not reliable.
    _inhibition(
        [equal("alertname", "StoreNotTaking")],
        [
            one_of(
                "alertname",
                ("CollectorQueueFilling", "CollectorRefusing", "ConsumersGone", "ProcessorLate", "SignalMissing"),
            )
        ],
    ),
    # While a part of the monitoring is down, no data comes through it.
    _inhibition(
        [equal("alertname", "MonitoringPartDown"), one_of("job", ("collector-agent", "collector-gateway"))],
        [one_of("alertname", ("CollectorQueueFilling", "ConsumersGone", "ProcessorLate", "SignalMissing"))],
    ),
    _inhibition(
        [equal("alertname", "MonitoringPartDown"), equal("job", "reduse-processor")],
        [equal("alertname", "SignalMissing"), equal("signal", "users")],
    ),
    _inhibition(
        [equal("alertname", "MonitoringPartDown"), equal("job", "reduse-processor")],
        [one_of("alertname", ("CollectorQueueFilling", "ProcessorLate"))],
    ),
)


def _of_databases(company: Company) -> Iterator[Mapping[str, Any]]:
    """A database that is down explains alerts about the services that use it and the queues that they consume."""
    for database in company.databases:
        users = [service for service in company.services if database.name in service.uses]
        if not users:
            continue
        # Missing rows do not: a wrong password of the monitoring does not explain problems of the services.
        away = [equal("alertname", "DatabaseUnreadable"), equal("severity", "critical"), equal("job", database.job)]
        jobs = one_of("job", [service.job for service in users])
        yield _inhibition(away, [one_of("alertname", _OF_A_DATABASE), jobs])
        for queue in _queues(users):
            yield _inhibition(away, [equal("alertname", "QueueGrowing"), *_of_queue(queue)])


def _of_consumers(company: Company) -> Iterator[Mapping[str, Any]]:
    """A service that is down consumes nothing. It explains nothing if others consume the same queue."""
    for queue in _queues(company.services):
        consumers = [service for service in company.services if queue in service.consumes]
        if len(consumers) > 1:
            continue
        away = [
            equal("alertname", "SignalMissing"),
            equal("job", consumers[0].job),
            one_of("signal", _OF_A_SERVICE_ITSELF),
        ]
        yield _inhibition(away, [one_of("alertname", _OF_A_CONSUMER), *_of_queue(queue)])


def _queues(services: Sequence[Service]) -> list[QueueRef]:
    """Each once, in the order of the file."""
    return list(dict.fromkeys(queue for service in services for queue in service.consumes))


def _of_queue(queue: QueueRef) -> list[str]:
    return [equal("job", queue.broker), equal("vhost", queue.vhost), equal("queue", queue.queue)]
