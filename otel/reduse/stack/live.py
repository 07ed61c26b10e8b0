"""Waiting for live data: of the pipeline itself, and of what the stack starts for the company."""

import functools
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from reduse.errors import StackError
from reduse.monitoring.table import CompanyRow, rows
from reduse.operation import causes, check
from reduse.operation.access import stack_store
from reduse.operation.check import RowResult
from reduse.stack import company_files
from reduse.stack.installation import Installation
from reduse.stack.staying import check_parts
from reduse.stack.supervision import Supervisor
from reduse.stack.waiting import wait
from reduse.store.client import QueryError, StoreClient
from reduse.watch.company import Company

LIVE_SECONDS = 120
# For rows of what runs elsewhere: what the agent reads is there after a scrape or two, if it can be reached.
ELSEWHERE_SECONDS = 20
# Scraped by the agent every five seconds, whatever the company: what has come all the way of the data.
THROUGH_THE_PIPELINE = "max(timestamp(system_cpu_time_seconds_total))"
PROCESSORS = 'up{job="reduse-processor"}'


def title(installation: Installation) -> str:
    """What is waited for."""
    started = any(installation.processes.servers)
    return "Waiting for live data in every row" if started else "Waiting until samples come through the pipeline"


def wait_until_live(installation: Installation, supervisor: Supervisor, since: float) -> None:
    """Wait until samples come through the pipeline, with every part still up.

    Of a company whose processes the stack starts every row must have data too. Others' are waited for as long as they
    need when they can be reached: what they lack then is shown, and `./reduse check` asks for it again.

    Args:
        since: Unix time at which the parts were started. The store still shows samples of an earlier start for some
            minutes, and they say nothing about this one.
    """
    settings = installation.settings
    # Read once: it is asked for each fraction of a second.
    company = company_files.company(settings)
    table = rows(company)
    starts_them = any(installation.processes.servers)
    still_up = functools.partial(check_parts, supervisor, settings)

    def probe(lacking: Callable[[StoreClient], Sequence[str]]) -> str | None:
        try:
            return ", ".join(lacking(client)) or None
        except QueryError as error:
            return str(error)

    def expected(client: StoreClient) -> Sequence[str]:
        return _lacking(client, table if starts_them else (), settings.workers, since)

    def to_come(client: StoreClient) -> Sequence[str]:
        return _to_come(client, company, table, since)

    def failure(missing: str) -> str:
        down = [str(process["name"]) for process in supervisor.processes() if process["statename"] != "RUNNING"]
        lines = [
            f"no live data within {LIVE_SECONDS} s for {missing}. Parts not running: {', '.join(down) or 'none'}.",
            *(f"  | {line}" for line in causes.find(client, settings, time.time()).lines()),
            f"Logs: {settings.log_dir}",
        ]
        return "\n".join(lines)

    with stack_store(settings) as client:
        wait(functools.partial(probe, expected), LIVE_SECONDS, failure, still_up)
        if not starts_them:
            with suppress(StackError):
                wait(functools.partial(probe, to_come), ELSEWHERE_SECONDS, str)
    still_up()


def _lacking(client: StoreClient, table: Sequence[CompanyRow], processors: int, since: float) -> Sequence[str]:
    """What has no data yet: of the pipeline, then of these rows."""
    if not client.query(f"{THROUGH_THE_PIPELINE} >= {since}"):
        return ["the machine's own metrics, the first to come through the pipeline"]
    if (up := len(client.query(f"{PROCESSORS} == 1 and timestamp({PROCESSORS}) >= {since}"))) < processors:
        return ["the processor's own metrics" if processors == 1 else f"own metrics of {processors - up} processors"]
    return [f"{result.row} ({result.title})" for result in _failing(client, table, since)]


def _to_come(client: StoreClient, company: Company, table: Sequence[CompanyRow], since: float) -> Sequence[str]:
    """Failing rows of what the agent reads by itself, and of services whose samples are on the way again."""
    read = {database.job for database in company.databases} | {broker.job for broker in company.brokers}
    failing = _failing(client, table, since)
    return [each.row for each in failing if each.age is not None or each.row.rpartition(".")[0] in read]


def _failing(client: StoreClient, table: Sequence[CompanyRow], since: float) -> Sequence[RowResult]:
    if not table:
        return []
    now = time.time()
    return [result for result in check.check(client, now, table) if not is_live(result, now - since)]


def is_live(result: RowResult, seconds: float) -> bool:
    """Whether a row passes with a sample of the last so many seconds."""
    return result.passed and result.age is not None and result.age <= seconds
