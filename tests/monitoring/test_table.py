"""The rows of a company's table: by its file, or what each part has by default."""

from pathlib import Path

import pytest

from reduse.monitoring import companies
from reduse.monitoring.table import rows
from reduse.watch.company import Company
from reduse.watch.mistakes import WatchError

ROOT = Path(__file__).parents[2]
REFERENCE = companies.load(ROOT / "company/watch.yaml")

DATABASE = "{name: db, endpoint: 'h:1', password_file: f}"
BROKER = "{name: hare, management_url: 'http://h:1', password_file: f}"


def parsed(text: str) -> Company:
    return companies.parse(f"company: Test\n{text}")


def names(company: Company) -> list[str]:
    return [row.name for row in rows(company)]


def test_the_rows_of_the_reference_company_are_those_of_its_table() -> None:
    assert [(row.number, row.service.read(), row.signal.name) for row in rows(REFERENCE)] == [
        (1, "Shop API", "requests"),
        (2, "Shop API", "latency"),
        (3, "CRM API", "requests"),
        (4, "CRM API", "latency"),
        (5, "MES API", "users"),
        (6, "MES API", "requests"),
        (7, "MES API", "latency"),
        (8, "MES API", "cpu"),
        (9, "MES DB", "connections"),
        (10, "Shop DB", "connections"),
        (11, "RabbitMQ", "dead_letters"),
        (12, "RabbitMQ", "messages_in_flight"),
    ]


def test_without_a_table_each_part_has_the_rows_of_its_kind_services_first() -> None:
    company = parsed(
        f"services: [{{name: one, users: true}}, {{name: two}}]\ndatabases: [{DATABASE}]\nbrokers: [{BROKER}]"
    )
    assert names(company) == [
        *("one.requests", "one.latency", "one.users", "one.cpu"),
        *("two.requests", "two.latency", "two.cpu"),
        "db.connections",
        *("hare.messages_in_flight", "hare.dead_letters"),
    ]


def test_an_empty_table_is_no_rows() -> None:
    assert names(parsed("services: [{name: one}]\ntable: []")) == []


def test_a_row_is_known_by_its_name_wherever_it_stands() -> None:
    first = parsed("services: [{name: one}, {name: two}]")
    second = parsed("services: [{name: two}, {name: one}]")
    assert sorted(names(first)) == sorted(names(second))
    assert names(first) != names(second)


def test_services_of_one_name_in_two_namespaces_have_rows_of_their_own() -> None:
    company = parsed(
        "services: [{name: api, namespace: eu}, {name: api, namespace: us}]\n"
        "table: [{signal: requests, of: us/api}, {signal: requests, of: eu/api}]"
    )
    assert names(company) == ["us/api.requests", "eu/api.requests"]
    assert [row.value for row in rows(company)] == [
        f'sum by (status) (job_status:http_requests:rate{{job="{job}"}})' for job in ("us/api", "eu/api")
    ]


def test_titles_are_those_of_the_file_or_the_signals_own() -> None:
    company = parsed(
        "services: [{name: one}]\n"
        "table: [{signal: requests, of: one, title: {de: Anfragen}}, {signal: latency, of: one}]"
    )
    assert [row.title.read() for row in rows(company)] == ["Anfragen", "Response time (latency)"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{signal: connections, of: one}", "connections"),
        ("{signal: requests, of: db}", "requests"),
        ("{signal: request, of: one}", "did you mean `requests`"),
        ("{signal: users, of: one}", "users of one are not counted"),
    ],
)
def test_a_signal_that_does_not_fit_the_part_is_a_mistake_of_the_file(row: str, told: str) -> None:
    with pytest.raises(WatchError, match=told) as caught:
        parsed(f"services: [{{name: one}}]\ndatabases: [{DATABASE}]\ntable: [{row}]")
    assert caught.value.mistakes[0].place.startswith("table[0]")


def test_the_legend_of_a_row_shows_what_its_query_keeps() -> None:
    for row in rows(REFERENCE):
        assert f"by ({', '.join(row.labels)})" in row.value
        assert all(f"{{{{{label}}}}}" in row.definition.legend for label in row.labels)
