"""Numbers with their unit, short: 1.2k, 35 %, 20 ms."""

import math

_SCALES = {"bytes": ((2**30, " GiB"), (2**20, " MiB"), (2**10, " KiB")), "": ((1e6, "M"), (1e3, "k"))}
_SECONDS = ((3600, " h"), (60, " min"), (1, " s"), (1e-3, " ms"), (1e-6, " µs"))
_SUFFIXES = {"reqps": " req/s", "ops": "/s", "percent": " %"}


def text(value: float, unit: str) -> str:
    """`unit` in Grafana's naming."""
    if math.isnan(value):
        return "-"
    if unit == "percentunit":
        return f"{_short(100 * value)} %"
    if unit == "s":
        return _seconds(value)
    for scale, suffix in _SCALES.get(unit, _SCALES[""]):
        if abs(value) >= scale:
            return f"{_short(value / scale)}{suffix}{_SUFFIXES.get(unit, '')}"
    return f"{_short(value)}{' B' if unit == 'bytes' else _SUFFIXES.get(unit, '')}"


def _seconds(value: float) -> str:
    for scale, suffix in _SECONDS:
        if abs(value) >= scale:
            return f"{_short(value / scale)}{suffix}"
    return "0 s"


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
