"""A file that is written for the first time can be read, whatever was found; addresses are taken without passwords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.errors import SettingError
from reduse.monitoring import companies
from reduse.operation.watching import addresses
from reduse.operation.watching.discovery import Found, FoundBroker, FoundDatabase, FoundService
from reduse.operation.watching.finding import missing
from reduse.operation.watching.writing import document, scalar
from reduse.watch.reading import parse
from reduse.watch.relations import PIPELINE_JOBS

SCHEMA = "../docs/watch.schema.json"
DATABASE = addresses.database("orders-db=monitoring@db.example.org", ())
BROKER = addresses.broker("http://broker.example.org:15672/api/", ())


def test_nothing_found_gives_a_file_that_explains_what_may_be_in_it() -> None:
    text = document(Found("Our company"), SCHEMA)
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA}"
    company = companies.parse(text)
    assert not list(company.parts)
    assert all(f"# {key}:" in text for key in ("services", "databases", "brokers", "receivers", "notify", "table"))
    # What is in comments is right when they are taken away.
    template = "".join(line.removeprefix("# ") for line in text.splitlines(keepends=True) if ":" in line)
    for key in ("services", "databases", "brokers"):
        assert f"\n{key}:\n" in template


def test_what_was_found_is_in_the_file() -> None:
    found = Found(
        "Tickets: a company",
        [
            FoundService("tickets", "shop", users=True, interval=10.0),
            FoundService("no", None, users=False, interval=1.1),
        ],
        [FoundDatabase(DATABASE, ["orders", "Odd, Name"], [missing("orders-db", "a right is missing", "GRANT it")])],
        [FoundBroker(BROKER, ["/", "eu"], [("eu", "tickets.created")], ["parked (eu)"])],
    )
    text = document(found, SCHEMA)
    company = companies.parse(text)
    first, second = company.services
    assert (first.job, first.users, first.export_interval) == ("shop/tickets", True, 10)
    assert (second.job, second.users, second.export_interval) == ("no", False, 1)
    assert company.databases == (DATABASE,)
    assert company.brokers == (BROKER,)
    assert BROKER.management_url == "http://broker.example.org:15672"
    assert '# databases: [orders, "Odd, Name"]' in text
    assert "# {broker: broker, queue: tickets.created, vhost: eu}" in text
    assert "Dead letters are in [parked (eu)]" in text
    assert "# To do: a right is missing. GRANT it" in text


odd = st.text(max_size=30)


@pytest.mark.slow
@given(st.lists(st.tuples(odd, st.none() | odd), max_size=3), st.lists(odd, max_size=3))
def test_whatever_was_found_can_be_read(names: list[tuple[str, str | None]], others: list[str]) -> None:
    """Names come from other people's systems: none ends a comment or begins a key."""
    by_job = {f"{namespace}/{name}" if namespace else name: (name, namespace or None) for name, namespace in names}
    found = Found(
        "x",
        [FoundService(*by_job[job], users=False, interval=None) for job in by_job if job not in PIPELINE_JOBS],
        [FoundDatabase(DATABASE, others, [missing("x", other, other) for other in others])],
        [FoundBroker(BROKER, others, [(other, other) for other in others], others)],
    )
    company = parse(document(found, SCHEMA))
    assert {service.job for service in company.services} <= set(by_job)
    assert (company.databases, company.brokers) == ((DATABASE,), (BROKER,))


@pytest.mark.parametrize("text", ["on", "007", "a: b", "a #b", "a, b", "[x]", "", "no", "2030-01-01", "'", "é", "x y"])
def test_a_text_is_read_as_it_was(text: str) -> None:
    assert parse(f"company: {{en: {scalar(text or 'x')}}}").company.read() == (text or "x")


@pytest.mark.parametrize(
    ("given", "name", "endpoint", "username"),
    [
        ("db.example.org:5433", "db", "db.example.org:5433", "monitoring"),
        ("postgresql://reader@db.example.org", "db", "db.example.org:5432", "reader"),
        ("127.0.0.1:5433", "postgresql-5433", "127.0.0.1:5433", "monitoring"),
        ("reader@[::1]:5433", "postgresql-5433", "[::1]:5433", "reader"),
        ("Orders DB=db:1", "Orders DB", "db:1", "monitoring"),
    ],
)
def test_an_address_of_a_database_is_taken(given: str, name: str, endpoint: str, username: str) -> None:
    entry = addresses.database(given, ())
    assert (entry.name, entry.endpoint, entry.username) == (name, endpoint, username)


def test_two_on_one_host_have_names_of_their_own() -> None:
    assert addresses.database("db:2", ["db"]).name == "db-2"


@pytest.mark.parametrize("given", ["", "a=", "db:port", "://", "postgresql://u:hunter2@db", "u:hunter2@db:1", "x='='"])
def test_what_is_no_address_or_has_a_password_is_refused(given: str) -> None:
    with pytest.raises(SettingError) as raised:
        addresses.database(given, ())
    assert "hunter2" not in str(raised.value)
    if "hunter2" in given:
        with pytest.raises(SettingError, match="has a password in it"):
            addresses.broker(given.replace("postgresql", "http"), ())
