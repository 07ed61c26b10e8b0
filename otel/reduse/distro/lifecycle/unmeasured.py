"""What a service has imported and nobody measures, said in one line when it begins its work.

Only databases, brokers and web frameworks: whoever has this product expects numbers of those. A library that contrib
measures is not named where contrib's instrumentation of it is installed.
"""

from collections.abc import Collection, Mapping
from importlib.metadata import entry_points

from reduse.distro.base.say import say

SETTING = "REDUSE_UNMEASURED"
QUIET = "quiet"

# The module that whoever uses the library has imported, and contrib's instrumentation that makes metrics of it, as its
# entry point is named; None where there is none.
LIBRARIES: Mapping[str, str | None] = {
    "MySQLdb": "mysqlclient",
    "aiohttp.web": "aiohttp-server",
    "aiokafka": None,
    "aiopg": "aiopg",
    "bottle": None,
    "confluent_kafka": None,
    "falcon": "falcon",
    "kafka": None,
    "motor": None,
    "mysql.connector": "mysql",
    "pg8000": None,
    "pymongo": None,
    "pymysql": "pymysql",
    "pyramid": "pyramid",
    "redis": None,
    "sanic": None,
    "tornado.web": "tornado",
}


def unmeasured(imported: Collection[str], instrumentations: Collection[str]) -> list[str]:
    """The libraries of those modules that nobody measures, each with what would where there is something.

    Args:
        imported: names of modules.
        instrumentations: names of the entry points of contrib's instrumentations that are installed.
    """
    return [
        f"{module} (opentelemetry-instrumentation-{contribs} measures it)" if contribs else module
        for module, contribs in LIBRARIES.items()
        if module in imported and contribs not in instrumentations
    ]


def say_what_is_not_measured(environment: Mapping[str, str], imported: Collection[str]) -> None:
    """One line on stderr, unless the setting silences it or all is measured."""
    if environment.get(SETTING, "").strip().lower() == QUIET:
        return
    installed = {each.name for each in entry_points(group="opentelemetry_instrumentor")}
    if libraries := unmeasured(imported, installed):
        named = ", ".join(libraries)
        say(f"imported but not measured: {named}. {SETTING}={QUIET} disables this message")
