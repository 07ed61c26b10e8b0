"""One piece of a soak: the load, the faults of its part of the schedule, and what was counted at its end."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from reduse.distro.base.settings import key_in
from reduse.errors import StackError
from reduse.operation.access import stack_store
from reduse.soak import alerts, counters, history, load, losses, product, verdict, watching
from reduse.soak.counted import Sent
from reduse.soak.counters import Moment
from reduse.soak.faults.definition import Fault
from reduse.soak.losses import Loss
from reduse.soak.record import Done, Piece, Record
from reduse.soak.schedule import Planned
from reduse.soak.site import Site
from reduse.soak.verdict import Check
from reduse.soak.watching import Watching
from reduse.wire import user_hash

Told = Callable[[str], None]

BACK_SECONDS = 240.0
SETTLE_SECONDS = 180.0
# Newest samples of a service that all goes well with.
FRESH_SECONDS = 15.0
# Messages that a consumer holds unacknowledged (its prefetch), of which each may come again.
AGAIN = 20
# Messages that a request leads to, at most.
MESSAGES = 3
USERS_KEY = "user_hash_key"


def run(
    site: Site,
    record: Record,
    faults: Mapping[str, Fault],
    planned: Sequence[Planned],
    seconds: float,
    rate: float,
    alert_seconds: float,
    told: Told,
) -> Piece:
    """Run the next `seconds` of the schedule, of which `planned` are the faults, then wait for alerts to end.

    What is done is put into the record as it goes. Raises StackError when the stack does not come back.
    """
    site.up()
    begin = time.time()
    number = len(record.pieces) + 1
    watched = site.folder / "watched.jsonl"
    reports = site.folder / "reports"
    reports.mkdir(exist_ok=True)
    report = reports / f"{number:03}.json"
    ask = partial(_moment, site, begin)
    before = counters.settled(ask, lambda _: True, SETTLE_SECONDS)
    cost: list[Loss] = []
    with Watching(site, watched):
        with load.running(site, rate, report):
            started = time.monotonic() - record.seconds
            for each in planned:
                _sleep_until(started + each.at)
                told(f"{each.at:.0f} s: {each.kind} of {each.target} for {each.lasts:.0f} s")
                done, lost = _disturbed(site, faults[each.kind], each)
                record.done.append(done)
                cost += lost
                if done.wrong:
                    told(f"  {done.wrong}")
                if site.supervisor.pid() is None:
                    raise StackError(f"the stack did not come back after {each.kind} of {each.target}: {done.wrong}")
            _sleep_until(started + record.seconds + seconds)
            told("Waiting for alerts to end …" if alert_seconds else "Waiting for counts …")
            stayed = _await_alerts(site, alert_seconds)
            ended = time.time()
        sent = Sent()
        sent.add(json.loads(report.read_text(encoding="utf-8")))
        again = AGAIN * sum(faults[each.kind].messages_again(each.target) for each in planned)
        checks = _checked(site, sent, cost, before, ask, begin, again)
    with stack_store(site.settings) as client:
        named = product.counted(client, time.time() - begin)
    record.seconds += seconds
    piece = Piece(begin, ended, checks, cost, named, stayed)
    record.pieces.append(piece)
    return piece


def _moment(site: Site, begin: float) -> Moment:
    probes = [service.ready for service in site.installation.processes.services if service.ready is not None]
    with stack_store(site.settings) as client:
        # A minute before: what stood there when the piece began.
        return counters.moment(client, counters.queries(site.services, probes), time.time() - begin + 60)


def _disturbed(site: Site, fault: Fault, planned: Planned) -> tuple[Done, Sequence[Loss]]:
    begin = time.time()
    lost: Sequence[Loss] = ()
    wrong = ""
    try:
        with fault.make(site, planned.target) as lost:
            time.sleep(planned.lasts)
    except StackError as error:
        wrong = str(error)
    end = time.time()
    back, lacking = _back(site)
    return Done(planned, begin, end, back, "; ".join(filter(None, [wrong, lacking]))), lost


def _back(site: Site) -> tuple[float | None, str]:
    """Seconds until every part runs and every service has fresh samples; or what is lacking after minutes."""
    begin = time.monotonic()
    while lacking := _lacking(site):
        if time.monotonic() - begin > BACK_SECONDS:
            return None, lacking
        time.sleep(0.5)
    return time.monotonic() - begin, ""


def _lacking(site: Site) -> str:
    fresh = f"time() - max by (job) (timestamp(http_server_request_duration_seconds_count)) < {FRESH_SECONDS}"
    try:
        down = [str(each["name"]) for each in site.supervisor.processes() if each["statename"] != "RUNNING"]
        if down:
            return f"{', '.join(down)} not running"
        with stack_store(site.settings) as client:
            silent = set(site.services) - {sample.labels["job"] for sample in client.query(fresh)}
        return f"no fresh samples of {', '.join(sorted(silent))}" if silent else ""
    except StackError as error:
        return str(error)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _await_alerts(site: Site, seconds: float) -> list[str]:
    """Alerts that still fire so many seconds after the last fault, or that Prometheus does not tell."""
    begin = time.monotonic()
    while True:
        since = time.monotonic() - begin
        found = {each for each in watching.alerts(site.settings) if alerts.of_faults(each)}
        stayed = sorted(each for each in found if not alerts.may_stay(each, since))
        if not stayed or since >= seconds:
            return stayed if seconds else []
        time.sleep(2)


def _checked(
    site: Site,
    sent: Sent,
    cost: Sequence[Loss],
    before: Moment,
    ask: Callable[[], Moment],
    begin: float,
    again: int,
) -> list[Check]:
    """Compare when all has come, or when nothing more comes."""
    allowed = losses.allowed(cost, sent)

    def compared(now: Moment) -> list[Check]:
        red = {(job, status): n for (job, status), n in grown(now, "red", "job", "http_response_status_code").items()}
        users = {(of, identity): n for (of, identity), n in grown(now, "users", "service", "identity").items()}
        probes = {job: n for (job,), n in grown(now, "probes", "job").items()}
        messages = [sum(grown(now, name).values()) for name in ("sent", "consumed")]
        lost = MESSAGES * sum(allowed.values())
        return [
            *verdict.of_red(sent, allowed, red),
            *verdict.of_users(sent, allowed, users, probes),
            *verdict.of_messages(messages[0], messages[1], _waiting(site), lost, again),
        ]

    def grown(now: Moment, name: str, *labels: str) -> dict[tuple[str, ...], int]:
        return counters.grown(before, now, name, *labels)

    def enough(now: Moment) -> bool:
        return all(check.passed for check in compared(now))

    last = counters.settled(ask, enough, SETTLE_SECONDS)
    return [*compared(last), *_of_history(site, sent, allowed, begin)]


def _waiting(site: Site) -> int:
    with stack_store(site.settings) as client:
        return round(client.scalar("sum(rabbitmq_message_current)") or 0)


def _of_history(site: Site, sent: Sent, allowed: Mapping[tuple[str, int], int], begin: float) -> list[Check]:
    """By user, of the service that identifies them."""
    folders = [folder for folder in site.settings.history_dirs if folder.is_dir()]
    if not sent.users or not folders:
        return []
    key = key_in(str(site.settings.secrets_dir / USERS_KEY))
    names = {user: user_hash(key, user) for user in sent.users}
    found: list[Check] = []
    for service in sent.services:
        users, gaps = history.users(folders, service, begin, time.time())
        if users:
            missing = history.in_gaps(sent, service, gaps)
            found += verdict.of_history(sent, service, allowed, users, names, missing)
    return found
