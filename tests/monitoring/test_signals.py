"""The twelve rows, as data."""

import re
from collections.abc import Sequence

import pytest

from reduse.monitoring.reference_rows import SIGNALS, Method, Signal, Text, signal


def each(signals: Sequence[Signal]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", signals, ids=lambda row: str(row.number))


def test_the_rows_are_those_of_the_table() -> None:
    """Number, service and method in the order of the customer's table."""
    assert [(row.number, row.service, row.method) for row in SIGNALS] == [
        (1, "Shop API", Method.RED),
        (2, "Shop API", Method.RED),
        (3, "CRM API", Method.RED),
        (4, "CRM API", Method.RED),
        (5, "MES API", Method.RED),
        (6, "MES API", Method.RED),
        (7, "MES API", Method.RED),
        (8, "MES", Method.USE),
        (9, "MES DB", Method.USE),
        (10, "Shop DB", Method.USE),
        (11, "RabbitMQ", Method.USE),
        (12, "RabbitMQ", Method.USE),
    ]


def test_a_row_is_found_by_its_number() -> None:
    assert signal(11).service == "RabbitMQ"
    with pytest.raises(KeyError):
        signal(13)


@each(SIGNALS)
def test_every_label_of_a_row_is_kept_by_its_query(row: Signal) -> None:
    kept = re.search(r"by \(([^)]*)\)", row.value)
    assert kept is not None
    assert tuple(kept[1].split(", ")) == row.labels


@each(SIGNALS)
def test_the_legend_of_a_row_shows_its_labels(row: Signal) -> None:
    assert re.findall(r"{{(\w+)}}", row.panel.legend) == list(row.labels)


@each(SIGNALS)
def test_every_text_is_there_in_both_languages(row: Signal) -> None:
    for text in (row.title, row.motivation):
        assert isinstance(text, Text)
        assert not re.search("[а-яё]", text.en, re.IGNORECASE)
        assert text.ru
    assert re.search("[а-яё]", row.motivation.ru, re.IGNORECASE)


def test_a_row_of_a_service_may_be_as_old_as_its_exports_make_it() -> None:
    assert signal(1).age_limit == (
        'clamp_min(3.5 * max(job:export_interval_seconds:max{job="shop-api"}), 10) or vector(10)'
    )
    assert signal(9).age_limit == "vector(20)"


def test_the_age_of_a_row_is_asked_of_each_source() -> None:
    assert signal(8).age == (
        'time() - max(timestamp(container_cpu_usage_nanoseconds_total{job="mes-api"})'
        ' or timestamp(process_cpu_time_seconds_total{job="mes-api"}))'
    )
