"""Rules made from the objectives: the part of requests that were bad over several windows, and alerts on its pace."""

from collections.abc import Sequence

import yaml

from reduse.monitoring.objectives import BURNS, FEWEST_BAD_REQUESTS, OBJECTIVES, Burn, Kind, Objective

HEADER = """\
# Generated from otel/reduse/monitoring/objectives.py by `python -m reduse.monitoring`. Do not edit.
# Requests and bad requests a second over 5 min, their means over longer windows from these, and the ratio of both:
# asking three days of raw samples, one a second, at each evaluation would cost more than all the rest.
"""
ALERTS = {Kind.AVAILABILITY: "ErrorBudgetBurning", Kind.LATENCY: "LatencyBudgetBurning"}
DASHBOARD = "/d/reduse-red"

# Probes are no users.
_ASKED = 'http_route!~"/healthz|/readyz"'
_COUNT = "http_server_request_duration_seconds_count"
_BUCKET = "http_server_request_duration_seconds_bucket"
# The same measurements as native histograms, of services that send such to a store that takes them.
_NATIVE = "http_server_request_duration_seconds"
_RATE = "5m"
_INTERVAL_SECONDS = 15


def _counted(matchers: str) -> str:
    """Requests a second of each series."""
    native = f"histogram_count(rate({_NATIVE}{{{matchers}}}[{_RATE}]))"
    return f"sum by (job) (rate({_COUNT}{{{matchers}}}[{_RATE}]) or {native})"


def _within(matchers: str, threshold: float) -> str:
    """Requests a second that took no longer than `threshold` seconds."""
    native = f"rate({_NATIVE}{{{matchers}}}[{_RATE}])"
    return (
        f'sum by (job) (rate({_BUCKET}{{{matchers},le="{threshold:g}"}}[{_RATE}])'
        f" or histogram_fraction(0, {threshold:g}, {native}) * histogram_count({native}))"
    )


def _total(jobs: str) -> str:
    return _counted(f'job=~"{jobs}",{_ASKED}')


def _failed(jobs: str) -> str:
    # Without a failure there is no such series: then none was bad, and that is not the same as no data.
    failed = _counted(f'job=~"{jobs}",{_ASKED},http_response_status_code=~"5.."')
    return f"{failed} or 0 * {_total(jobs)}"


def _slow(objectives: Sequence[Objective]) -> str:
    """Thresholds differ by service."""
    fast = (_within(f'job="{each.job}",{_ASKED}', each.threshold) for each in objectives)
    # Both are rounded: a difference of nothing may come out below it.
    return f"clamp_min({_total(_jobs(objectives))} - ({' or '.join(fast)}), 0)"


def _jobs(objectives: Sequence[Objective]) -> str:
    return "|".join(each.job for each in objectives)


def _ratio(window: str) -> str:
    bad, total = f"job_objective:http_requests_bad:rate{_RATE}", f"job_objective:http_requests:rate{_RATE}"
    if window == _RATE:
        return f"{bad} / {total}"
    return f"avg_over_time({bad}[{window}]) / avg_over_time({total}[{window}])"


def _windows() -> list[str]:
    """Each once, the shortest first."""
    return sorted({window for burn in BURNS for window in (burn.short, burn.long)}, key=_seconds)


def _alert(objective: Objective, burn: Burn) -> dict[str, object]:
    labels = f'{{job="{objective.job}",objective="{objective.kind}"}}'
    limit = f"{burn.factor * objective.budget:g}"
    bad = "answered with 5xx" if objective.kind is Kind.AVAILABILITY else f"slower than {objective.threshold:g} s"
    return {
        "alert": ALERTS[objective.kind],
        "expr": (
            f"job_objective:http_requests_bad:ratio_{burn.long}{labels} > {limit}"
            f" and job_objective:http_requests_bad:ratio_{burn.short}{labels} > {limit}"
            # A mean over the window would count the time before the first start too.
            f" and sum_over_time(job_objective:http_requests_bad:rate{_RATE}{labels}[{burn.long}])"
            f" * {_INTERVAL_SECONDS} >= {FEWEST_BAD_REQUESTS}"
        ),
        "labels": {"severity": burn.severity, "service": objective.service, "window": burn.long},
        "annotations": {
            "summary": f"{objective.service}: too many requests are {bad}",
            "description": (
                f"{{{{ $value | humanizePercentage }}}} of the requests of the last {burn.long} were {bad}, and it"
                f" goes on: the thirty days' budget of {objective.budget * 100:g} % is spent {burn.factor:g} times"
                " as fast as it may be."
            ),
            "runbook": f"docs/runbooks/{ALERTS[objective.kind]}.md",
            "dashboard": DASHBOARD,
        },
    }


def _seconds(window: str) -> int:
    return int(window[:-1]) * {"m": 60, "h": 3600, "d": 86400}[window[-1]]


def objectives_document(objectives: tuple[Objective, ...] = OBJECTIVES) -> str:
    """The file `prometheus/rules/objectives.yaml`, as text."""
    available, fast = ([each for each in objectives if each.kind is kind] for kind in Kind)
    rules: list[dict[str, object]] = []
    for kind, of, bad in (
        (Kind.AVAILABILITY, available, _failed(_jobs(available))),
        (Kind.LATENCY, fast, _slow(fast)),
    ):
        for name, expression in (
            (f"job_objective:http_requests:rate{_RATE}", _total(_jobs(of))),
            (f"job_objective:http_requests_bad:rate{_RATE}", bad),
        ):
            rules.append({"record": name, "labels": {"objective": str(kind)}, "expr": expression})
    rules += [
        {"record": f"job_objective:http_requests_bad:ratio_{window}", "expr": _ratio(window)} for window in _windows()
    ]
    rules += [_alert(objective, burn) for objective in objectives for burn in BURNS]
    document = {"groups": [{"name": "objectives", "interval": f"{_INTERVAL_SECONDS}s", "rules": rules}]}
    return HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000)
