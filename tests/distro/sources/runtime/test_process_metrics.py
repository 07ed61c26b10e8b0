"""What is reported of the process has contrib's names and kinds and the kernel's values, and nothing of the machine."""

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric, Sum

from reduse.distro.base.source import CollectedMetric
from reduse.distro.export.points import sdk_metric
from reduse.distro.sources.runtime import process_metrics
from reduse.distro.sources.runtime.process_metrics import ProcessMetrics, process_state

OURS = {
    "process.cpu.time": ["user", "system"],
    "process.cpu.utilization": None,
    "process.memory.usage": None,
    "process.memory.virtual": None,
    "process.thread.count": None,
    "process.open_file_descriptor.count": None,
    "cpython.gc.collections": None,
    "cpython.gc.collected_objects": None,
    "cpython.gc.uncollectable_objects": None,
}


def collected() -> dict[str, CollectedMetric]:
    source = ProcessMetrics()
    source.collect(1, 2)
    return {metric.name: metric for metric in source.collect(2, 3)}


def attributes_of(metric: CollectedMetric) -> list[object]:
    return [state.attributes for state in metric.states]


def value(metric: CollectedMetric) -> float:
    (state,) = metric.states
    return float(getattr(state, "value"))  # noqa: B009 - not of a histogram


@contextmanager
def contribs() -> Iterator[dict[str, Metric]]:
    # Not where the distro is tried as it is installed, without contrib.
    contrib = pytest.importorskip("opentelemetry.instrumentation.system_metrics")
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    instrumentor = contrib.SystemMetricsInstrumentor(config=OURS)
    instrumentor.instrument(meter_provider=provider, skip_dep_check=True)
    data = reader.get_metrics_data()
    assert data is not None
    yield {metric.name: metric for metric in data.resource_metrics[0].scope_metrics[0].metrics}
    instrumentor.uninstrument()
    provider.shutdown()


def kind(metric: Metric) -> tuple[str, bool]:
    return type(metric.data).__name__, isinstance(metric.data, Sum) and metric.data.is_monotonic


def test_names_and_kinds_are_contribs() -> None:
    ours = {name: sdk_metric(metric, 3) for name, metric in collected().items()}
    assert set(ours) == set(OURS)
    with contribs() as theirs:
        assert {name: kind(metric) for name, metric in ours.items()} == {
            name: kind(metric) for name, metric in theirs.items()
        }
        for name in ("process.cpu.time", "process.memory.usage", "process.cpu.utilization"):
            assert ours[name].unit == theirs[name].unit
        for each in (ours, theirs):
            points = each["process.cpu.time"].data.data_points
            assert {(point.attributes or {})["type"] for point in points} == {"user", "system"}


def test_values_are_those_of_the_kernel() -> None:
    process = psutil.Process()
    metrics = collected()
    memory = process.memory_info()
    assert value(metrics["process.memory.usage"]) == pytest.approx(memory.rss, rel=0.2)
    assert value(metrics["process.memory.virtual"]) == pytest.approx(memory.vms, rel=0.2)
    user, system = metrics["process.cpu.time"].states
    times = process.cpu_times()
    assert getattr(user, "value") + getattr(system, "value") == pytest.approx(times.user + times.system, abs=1)  # noqa: B009


def test_threads_and_open_files_are_counted_one_by_one() -> None:
    before = process_state()
    assert before is not None
    ended = threading.Event()
    waiting = threading.Thread(target=ended.wait)
    waiting.start()
    with Path(os.devnull).open() as _:
        during = process_state()
    ended.set()
    waiting.join()
    assert during is not None
    assert (during.threads - before.threads, during.descriptors - before.descriptors) == (1, 1)


@pytest.mark.slow
def test_each_generation_is_a_series_whose_attributes_stay_the_same_object() -> None:
    source = ProcessMetrics()
    first, second = ({metric.name: metric for metric in source.collect(1, 2)} for _ in range(2))
    gc.collect()
    third = {metric.name: metric for metric in source.collect(1, 2)}
    name = "cpython.gc.collections"
    assert [state.attributes for state in first[name].states] == [{"cpython.gc.generation": each} for each in range(3)]
    again = zip(attributes_of(first[name]), attributes_of(second[name]), strict=True)
    assert all(before is after for before, after in again)
    counts = [[getattr(state, "value") for state in each[name].states] for each in (second, third)]  # noqa: B009
    assert counts[1][2] > counts[0][2]


def test_the_first_collection_has_no_utilization_nor_that_of_a_forked_child() -> None:
    source = ProcessMetrics()
    names = [[metric.name for metric in source.collect(1, 2)] for _ in range(2)]
    source.reset()
    names.append([metric.name for metric in source.collect(1, 2)])
    assert [("process.cpu.utilization" in each) for each in names] == [False, True, False]


def test_without_proc_the_rest_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_metrics, "_STAT", tmp_path / "none")
    assert {name.split(".")[1] for name in collected()} == {"cpu", "gc"}
