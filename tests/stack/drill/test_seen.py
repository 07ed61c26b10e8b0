"""A drill that fails says which values its alert's rules had."""

from collections.abc import Mapping
from typing import Any, cast

from reduse.stack.drill.definition import Drill
from reduse.stack.drill.faults.parts import part_stopped
from reduse.stack.drill.seen import recorded_series, seen, written
from reduse.store.answer import Sample
from reduse.store.client import QueryError, StoreClient

DRILL = Drill("hog", "lane", "A hog.", "CpuSaturated", cast("Any", part_stopped), {"job": "mes-api", "window": "1h"})
EXPRESSION = """job_instance:cpu_seconds:rate > 0.8 and on (job) job:requests{reason=~"a:b"} > bool 0"""


class Store:
    """Answers as a store does: what was recorded, and the rules."""

    def get(self, path: str) -> Any:
        assert path == "/api/v1/rules"
        rules = [{"name": "CpuSaturated", "query": EXPRESSION}, {"name": "Other", "query": "other:series > 1"}]
        return {"groups": [{"rules": rules}]}

    def query(self, promql: str) -> list[Sample]:
        values: Mapping[str, list[tuple[str, float]]] = {
            "min_over_time(job_instance:cpu_seconds:rate[60s])": [("mes-api", 0.1), ("shop-api", 0.01)],
            "max_over_time(job_instance:cpu_seconds:rate[60s])": [("mes-api", 0.7123), ("shop-api", 0.99)],
        }
        return [Sample({"job": job}, 0.0, value) for job, value in values.get(promql, [])]


class Away(Store):
    def get(self, path: str) -> Any:
        raise QueryError(f"{path}: it is away")


def test_the_recorded_series_of_an_expression_are_found_and_no_text_in_it() -> None:
    assert recorded_series(EXPRESSION) == ["job:requests", "job_instance:cpu_seconds:rate"]


def test_the_values_of_what_the_drill_is_of_are_told() -> None:
    found = seen(cast("StoreClient", Store()), DRILL, 60)
    assert found == {"job_instance:cpu_seconds:rate": (0.1, 0.7123)}
    assert written(found) == "job_instance:cpu_seconds:rate was 0.1 to 0.712"


def test_of_a_store_that_is_away_nothing_is_told() -> None:
    assert seen(cast("StoreClient", Away()), DRILL, 60) == {}
