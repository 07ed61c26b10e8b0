"""The rules for VictoriaMetrics, whose MetricsQL differs from PromQL in three ways that would change results.

- It knows no functions of native histograms and stores none: where rules ask for classic *or* native ones, the
  alternative is always empty, and is left out. So are rules of native ones alone.
- `rate` divides by the time between the first and the last sample, so a series that began within the window has the
  rate of its short life: an error two seconds ago would be half an error a second. Prometheus divides by the window.
  Nor does it fall when a series has ended. So it is multiplied by the part of the window that the series was there.
- `increase` and `delta` take a small first value for a rise from 0: what comes back after a pause would be new.
  Prometheus and the functions with its name do not. With a sample before the window `increase` is exact, and is kept.

https://docs.victoriametrics.com/victoriametrics/metricsql/
"""

import itertools
import re
from typing import Any

from reduse import duration
from reduse.yaml_text import read_yaml, write_yaml

_NATIVE = r"histogram_(?:count|sum|avg|fraction|stddev|stdvar)\("
_ALTERNATIVE = re.compile(rf"\s+or\s+{_NATIVE}")
_FACTOR = re.compile(rf"\s*[*/]\s*{_NATIVE}")
_LEFT = re.compile(rf"\b{_NATIVE}")
_SELECTOR = r"[a-zA-Z_:][\w:]*(?:\{[^{}]*\})?"
_COUNTED = re.compile(rf"\b(rate|increase)\(({_SELECTOR})\[(\d+)([smhd])\]\)")
# VictoriaMetrics returns samples two to five seconds late; only after that is it known that there are none.
_SHOWN_AFTER = 5
_DELTA = re.compile(r"\bdelta\(")


_HEAD = "# In MetricsQL, for vmalert: docs/stores.md.\n"


def rules(text: str) -> str:
    """A file of rules for vmalert, with the comment at its beginning.

    Raises:
        ValueError: an expression cannot be said in MetricsQL.
    """
    head = "".join(itertools.takewhile(lambda line: line.startswith("#"), text.splitlines(keepends=True)))
    document: dict[str, Any] = read_yaml(text)
    for group in document["groups"]:
        group["rules"] = [rule for rule in group["rules"] if not _LEFT.match(rule["expr"])]
        for rule in group["rules"]:
            rule["expr"] = metricsql(rule["expr"])
            # Copies, because YAML would write shared objects as references.
            rule.update({key: dict(rule[key]) for key in ("labels", "annotations") if key in rule})
    return head + _HEAD + write_yaml(document, sort_keys=False, allow_unicode=True, width=10**9)


def metricsql(promql: str) -> str:
    """The MetricsQL expression with the same value as this PromQL. Raises ValueError if there is none."""
    return _DELTA.sub("delta_prometheus(", _COUNTED.sub(_counted, without_native_histograms(promql)))


def _counted(found: re.Match[str]) -> str:
    function, selector, number, unit = found.groups()
    window, seconds = f"{number}{unit}", int(number) * int(duration.SECONDS[unit])
    if function == "increase":
        known = f"last_over_time({selector}[{window}] offset {window})"
        return f"(increase({selector}[{window}]) and {known} or increase_prometheus({selector}[{window}]))"
    first = f"tfirst_over_time({selector}[{2 * seconds}s])"
    silent = f"time() - tlast_over_time({selector}[{window}]) - scrape_interval({selector}[{window}])"
    covered = f"clamp_max(time() - {first}, {seconds}) - clamp_min({silent} - {_SHOWN_AFTER}, 0)"
    return f"(rate({selector}[{window}]) * ({covered}) / {seconds})"


def without_native_histograms(promql: str) -> str:
    """An expression without its alternatives for native histograms.

    Raises:
        ValueError: one is no alternative, so that nothing can take its place.
    """
    while found := _ALTERNATIVE.search(promql):
        end = _closed(promql, found.end())
        while factor := _FACTOR.match(promql, end):
            end = _closed(promql, factor.end())
        promql = promql[: found.start()] + promql[end:]
    if left := _LEFT.search(promql):
        raise ValueError(f"{promql[left.start() :][:60]!r} has no alternative without native histograms")
    return promql


def _closed(text: str, start: int) -> int:
    """The position after the parenthesis that closes the one before `start`; strings are skipped."""
    depth, quote = 1, ""
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return position + 1
    raise ValueError(f"{text[:60]!r}: a parenthesis is not closed")
