"""What is reported of the process is what contrib knows by the convention's names, and nothing of the machine."""

from opentelemetry.instrumentation.system_metrics import _DEFAULT_CONFIG

from reduse.distro.sources.runtime.process_metrics import METRICS


def test_each_metric_is_one_of_contribs() -> None:
    assert set(METRICS) <= set(_DEFAULT_CONFIG)


def test_garbage_collection_is_in_and_the_machine_is_not() -> None:
    assert {name for name in METRICS if name.startswith("cpython.gc.")} == {
        "cpython.gc.collections",
        "cpython.gc.collected_objects",
        "cpython.gc.uncollectable_objects",
    }
    assert not [name for name in METRICS if name.startswith("system.")]
