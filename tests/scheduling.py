"""Which tests one worker runs after another, those of files that belong together; and which files have none to run."""

import re

from xdist.scheduler import LoadScopeScheduling

# What waits most of the time, and wants a quiet machine to do so: whole stacks and deployments, which find faults that
# are none when both cores are taken; a rate of load, which one has to get; outages, exports once a minute, alerts.
OUTAGES = (
    "tests/collector/test_collector.py",
    "tests/collector/test_rabbitmq_rows.py",
    "tests/collector/test_store_away.py",
    "tests/distro/test_outage.py",
    "tests/collector/kafka/test_outage.py",
    "tests/prometheus/test_store_full.py",
)
SOAK = "tests/soak/test_soak.py"
# Three minutes of exports once a minute, beside which the outages can be.
INTERVALS = "tests/prometheus/test_export_intervals.py"
QUIET = (
    *OUTAGES,
    INTERVALS,
    "tests/deploy/test_stand_in.py",
    "tests/e2e",
    "tests/services/test_load.py",
    SOAK,
    "tests/stack/test_lifecycle.py",
)
# Folders whose files share servers that are started once for a session.
SHARING = ("tests/e2e", "tests/services")
# But these have a stack of their own.
APART = tuple(
    f"tests/e2e/test_{name}.py"
    for name in ("drills", "harbour", "kafka", "kafka_elsewhere", "security", "victoriametrics", "your_company")
)
SHARED_STACK = "tests/e2e"
DRILLS = "tests/e2e/test_drills.py"
# Units that, begun last, would be all that still runs: the longest first.
FIRST = ("tests/e2e/test_harbour.py", DRILLS, "outages", SHARED_STACK, SOAK, INTERVALS, "tests/services")
# A drill takes a core, which these leave to it: they take what is left of the machine.
YIELDING = (*(place for place in APART if place != DRILLS), "tests/stack/test_lifecycle.py")
NICENESS = 10


_MARKS_OF_FILE = re.compile(r"^pytestmark = .*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def marks_of_file(source: str) -> set[str]:
    """The marks that a file says all its tests have."""
    said = _MARKS_OF_FILE.search(source)
    return set(re.findall(r"\bmark\.(\w+)", said.group())) if said else set()


def left_out(expression: str) -> set[str]:
    """The marks that no test has that `-m` asks for: of `not server and not slow` both; none where in doubt."""
    terms = expression.split(" and ")
    if not all(re.fullmatch(r"(not )?\w+", term) for term in terms):
        return set()
    return {term.removeprefix("not ") for term in terms if term.startswith("not ")}


def among(file: str, places: tuple[str, ...]) -> bool:
    """Whether the file, by its path in the checkout, is one of these or in one of these folders."""
    return any(file == place or file.startswith(f"{place}/") for place in places)


def unit(test: str) -> str:
    """What one worker has to itself; tests are named as pytest does."""
    file = test.split("::", 1)[0]
    folder = file.rpartition("/")[0]
    if among(file, OUTAGES):
        # One lane: together with the stacks beside it they leave a core free.
        return "outages"
    return folder if folder in SHARING and file not in APART else file


def turn(test: str) -> int:
    """The lower, the earlier it begins."""
    found = unit(test)
    return FIRST.index(found) if found in FIRST else len(FIRST)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Deals units out in the order of collection; each worker takes a new one when it is nearly through its last."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
