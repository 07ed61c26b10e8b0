"""Settings of earlier releases that are none any more, each with what takes its place."""

from collections.abc import Mapping

_BALANCER = "the balancer is gone; more than one processor are workers on Kafka, see docs/scaling.md. Unset it."

RETIRED: Mapping[str, str] = {
    "REDUSE_BALANCER_ENDPOINT": _BALANCER,
    "REDUSE_BALANCER_HEALTH_ENDPOINT": _BALANCER,
    "REDUSE_BALANCER_METRICS_PORT": _BALANCER,
    "REDUSE_PROCESSORS": _BALANCER,
}
