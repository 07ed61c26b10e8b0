"""A program that queries a database does and says the same with us and without us, and each operation is counted."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from psycopg2 import sql

from tests.distro.comparison.run import database, mark
from tests.distro.service import ROOT, SCRIPTS, environment
from tests.otlp_receiver import OtlpReceiver
from tests.otlp_traces import TraceReceiver
from tests.postgres import PASSWORD, SUPERUSER, Postgres, start_postgres

pytestmark = pytest.mark.server

DURATION = "db.client.operation.duration"
PROGRAMS = sorted(path.stem for path in (Path(__file__).parent / "programs").glob("*.py"))
LIBRARIES = sorted({name.partition("_")[0] for name in PROGRAMS})

# What each program finds in its database.
TABLES = "CREATE TABLE things (a integer); CREATE TABLE unique_things (a integer PRIMARY KEY)"

# CPython names an object in messages of its own ("cannot pickle ...") with the module of its class only when that is
# written in C; no class written in Python can have that.
_IN_MESSAGES = re.compile(r"'psycopg2\.extensions\.(\w+)' object")

PLAIN, MEASURED, TRACED = "plain", "measured", "traced"
MODES = (PLAIN, MEASURED, TRACED)


@dataclass(frozen=True)
class Run:
    """What the programs of one library did in one mode: how the process ended, what each printed and had counted."""

    status: int
    stdout: Mapping[str, str]
    stderr: Mapping[str, str]
    operations: Mapping[str, Counter[tuple[object, object]]]
    spans: int


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with start_postgres({"fsync": "off", "max_prepared_transactions": "0", "wal_level": "logical"}) as started:
        started.execute("CREATE DATABASE template", database=SUPERUSER)
        started.execute(TABLES, database="template")
        for name in PROGRAMS:
            for mode in MODES:
                own = sql.Identifier(database(name, mode))
                started.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template").format(own), database=SUPERUSER)
        yield started


@pytest.fixture(scope="module")
def runs(server: Postgres) -> dict[tuple[str, str], Run]:
    """All programs, in one process for each library and mode."""
    kinds = [(library, mode) for library in LIBRARIES for mode in MODES]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(kinds, pool.map(lambda kind: run(server, *kind), kinds), strict=True))


def run(server: Postgres, library: str, mode: str) -> Run:
    names = [name for name in PROGRAMS if name.partition("_")[0] == library]
    dsn = f"host={server.host} port={server.port} user={SUPERUSER} password={PASSWORD}"
    command = [str(SCRIPTS / "python"), "-m", "tests.distro.comparison.run", dsn, mode, *names]
    with OtlpReceiver() as metrics, TraceReceiver() as traces:
        # What comes before the end would hide that all comes then.
        variables = environment(metrics.endpoint, OTEL_METRIC_EXPORT_INTERVAL="60000")
        if mode != PLAIN:
            command.insert(0, str(SCRIPTS / "opentelemetry-instrument"))
        if mode == TRACED:
            variables |= {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": traces.endpoint}
        process = subprocess.run(
            command, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        operations: dict[str, Counter[tuple[object, object]]] = {}
        for point in metrics.latest(DURATION):
            attributes = point.attributes
            counted = operations.setdefault(str(attributes.get("db.namespace")), Counter())
            counted[attributes.get("db.operation.name"), attributes.get("error.type")] += int(point.value)
        return Run(
            process.returncode,
            by_program(process.stdout, mode, names),
            by_program(process.stderr, mode, names),
            operations,
            len(traces.spans()),
        )


def by_program(text: str, mode: str, names: list[str]) -> dict[str, str]:
    """What each program printed, by whichever mode it ran in."""
    parts = {}
    for name in names:
        _, _, rest = text.partition(mark(name))
        own = re.split(r"^=== \w+ ===$", rest, maxsplit=1, flags=re.MULTILINE)[0]
        parts[name] = _IN_MESSAGES.sub(r"'\1' object", own.replace(database(name, mode), name))
    return parts


@pytest.mark.parametrize("mode", [MEASURED, TRACED])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same_and_each_operation_is_counted(
    runs: dict[tuple[str, str], Run], name: str, mode: str
) -> None:
    library = name.partition("_")[0]
    plain, ours = runs[library, PLAIN], runs[library, mode]
    assert ours.stdout[name] == plain.stdout[name]
    assert ours.stderr[name] == plain.stderr[name]
    assert ours.status == plain.status == 0
    expected: dict[tuple[object, object], int] = import_module(f"tests.distro.comparison.programs.{name}").OPERATIONS
    assert ours.operations.get(database(name, mode), Counter()) == Counter(expected)


def test_spans_are_made_where_they_are_wanted(runs: dict[tuple[str, str], Run]) -> None:
    spans = {(library, mode): run.spans > 0 for (library, mode), run in runs.items()}
    assert spans == {(library, mode): mode == TRACED for library, mode in runs}


@pytest.mark.parametrize(
    "ending",
    ["", "raise SystemExit(3)", "cursor.execute('SELEC 1')", "import os; os._exit(4)", "connection.cursor = None"],
)
def test_a_script_that_ends_at_once_says_nothing_of_its_own_and_is_counted(server: Postgres, ending: str) -> None:
    """However it ends; but what is ended by force ends before anything can be sent."""
    dsn = f"host={server.host} port={server.port} user={SUPERUSER} password={PASSWORD}"
    script = f"""
import sys, psycopg2
connection = psycopg2.connect(sys.argv[1])
cursor = connection.cursor()
cursor.execute("SELECT 1")
print(cursor.fetchall(), flush=True)
{ending}
"""
    with OtlpReceiver() as receiver:
        command = [str(SCRIPTS / "python"), "-c", script, dsn]
        variables = environment(receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL="60000")
        plain, ours = (
            subprocess.run(each, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
            for each in (command, [str(SCRIPTS / "opentelemetry-instrument"), *command])
        )

        assert (ours.returncode, ours.stdout) == (plain.returncode, plain.stdout)
        assert ours.stderr == _IN_MESSAGES.sub(r"'\1' object", plain.stderr)
        counted = sum(point.value for point in receiver.latest(DURATION) if "error.type" not in point.attributes)
        assert counted == (0 if "_exit" in ending else 1)
