"""A RabbitMQ broker tried as the agent reads it: over its management API."""

import difflib
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from reduse.operation.watching import connecting
from reduse.operation.watching.finding import Finding, missing, note, ok
from reduse.operation.watching.lookup import Lookup, NotThereError
from reduse.operation.watching.postgresql import listed
from reduse.operation.watching.topology import Queue, Topology, topology_of
from reduse.watch.service import QueueRef
from reduse.watch.stores import Broker

STATISTICS_DISABLED, REFUSED, MALFORMED = "statistics_disabled", "refused", "malformed"
SEEING = frozenset({"monitoring", "administrator"})
PAGE = 500
MOST_PAGES = 100

QUEUE_COLUMNS = "name,vhost,type,arguments,policy,operator_policy,effective_policy_definition"


class RefusalError(Exception):
    """An answer that is none; `reason` as the receiver has it."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Target:
    """Where the API is, and as whom to ask it."""

    url: str
    username: str
    password: str = field(repr=False)
    verify: ssl.SSLContext | bool = True
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class BrokerState:
    """What a broker says of itself; `tags` of the user."""

    version: str
    tags: frozenset[str]
    statistics: bool
    topology: Topology


def check(broker: Broker, queues: Sequence[QueueRef], lookup: Lookup) -> Iterator[Finding]:
    """Everything that the agent needs of this broker, tried. `queues`: those of it that services consume."""
    name = broker.name
    try:
        target, findings = target_of(broker, lookup)
    except NotThereError as error:
        yield error.finding
        return
    yield from findings
    try:
        state = read(target)
    except (RefusalError, httpx.HTTPError, OSError) as error:
        yield refusal(name, target, error)
        return
    yield from judge(broker, target.username, queues, state)


def target_of(broker: Broker, lookup: Lookup) -> tuple[Target, list[Finding]]:
    """Where this broker is, and what is wrong with its files. Raises NotThereError."""
    name = broker.name
    url = lookup.known(name, "management_url", broker.management_url).rstrip("/")
    if not re.match(r"https?://[^/@\s]+", url):
        told = "`management_url` is not a URL with the current environment variables"
        raise NotThereError(missing(name, told, "correct the values of its variables"))
    username = lookup.known(name, "username", broker.username)
    password, findings = lookup.secret(name, "password_file", broker.password_file)
    verify: ssl.SSLContext | bool = True
    if broker.tls is not None:
        verify = connecting.tls_context(lookup.tls_files(name, broker.tls), name)
    server_name = broker.tls.server_name if broker.tls else None
    return Target(url, username, password, verify, server_name), findings


def read(target: Target) -> BrokerState:
    """Ask the broker. Raises RefusalError, httpx.HTTPError, OSError."""
    try:
        return _read(target)
    except (KeyError, TypeError, AttributeError, ValueError):
        # JSON, but not what the API says.
        raise RefusalError(MALFORMED) from None


def _read(target: Target) -> BrokerState:
    extensions = {"sni_hostname": target.server_name} if target.server_name else {}
    with httpx.Client(
        base_url=f"{target.url}/api/",
        auth=(target.username, target.password),
        verify=target.verify,
        timeout=connecting.TIMEOUT_SECONDS,
        # No proxy of this shell comes between: the agent has another environment.
        trust_env=False,
    ) as client:
        ask = _Management(client, extensions)
        overview = ask.get("overview")
        statistics = not overview.get("disable_stats", False)
        tags = ask.get("whoami")["tags"]
        topology = topology_of(
            ask.get("vhosts"),
            ask.queues(statistics=statistics),
            ask.get("exchanges"),
            ask.get("bindings"),
            [*ask.get("policies"), *ask.get("operator-policies", optional=True)],
        )
    words = tags.split(",") if isinstance(tags, str) else tags
    version = str(overview.get("rabbitmq_version", ""))
    return BrokerState(version, frozenset(word.strip() for word in words), statistics, topology)


class _Management:
    def __init__(self, client: httpx.Client, extensions: dict[str, Any]) -> None:
        self._client = client
        self._extensions = extensions

    def get(self, path: str, query: Mapping[str, str] | None = None, *, optional: bool = False) -> Any:
        answer = self._client.get(path, params=dict(query or {}), extensions=self._extensions)
        if optional and answer.status_code == httpx.codes.NOT_FOUND:
            return []
        if answer.status_code != httpx.codes.OK:
            raise RefusalError(_reason_of(answer), answer.status_code)
        return answer.json()

    def queues(self, *, statistics: bool) -> list[Any]:
        query = {"columns": QUEUE_COLUMNS, "page_size": str(PAGE)}
        if not statistics:
            query |= {"disable_stats": "true", "enable_queue_totals": "true"}
            query["columns"] = QUEUE_COLUMNS.replace(",effective_policy_definition", "")
        found: list[Any] = []
        for number in range(1, MOST_PAGES + 1):
            page = self.get("queues", {**query, "page": str(number)})
            if not isinstance(page, dict) or "items" not in page:
                raise RefusalError(MALFORMED)
            found += page["items"]
            if number >= page.get("page_count", 0):
                break
        return found


def _reason_of(answer: httpx.Response) -> str:
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        # RabbitMQ's word for a user that is known and may not.
        known = "not_authorised" in answer.text and "Login failed" not in answer.text
        return connecting.PERMISSION if known else connecting.AUTHENTICATION
    return connecting.PERMISSION if answer.status_code == httpx.codes.FORBIDDEN else REFUSED


def refusal(of: str, target: Target, error: Exception) -> Finding:
    """Why the API gives no answer, and the cure."""
    reason = error.reason if isinstance(error, RefusalError) else connecting.reason_of(error)
    user = target.username
    told, cure = {
        connecting.AUTHENTICATION: (
            f"the password of user {user} is wrong, or there is no such user",
            f"put the user's password into the file, or `rabbitmqctl add_user {user}`",
        ),
        connecting.PERMISSION: (
            f"user {user} has no tag that allows it to use the management API",
            f"`rabbitmqctl set_user_tags {user} monitoring`",
        ),
        connecting.TLS: (
            "TLS with the settings in the file failed",
            "check `tls` and the URL's https://: which CA signed the certificate, and which name is in it",
        ),
        connecting.TIMEOUT: (
            f"{target.url} does not answer within {connecting.TIMEOUT_SECONDS:g} s",
            "allow this machine in the firewall, or correct `management_url`",
        ),
        connecting.UNREACHABLE: (
            f"nothing listens at {target.url}",
            "`rabbitmq-plugins enable rabbitmq_management` on the broker, start it, or correct `management_url`",
        ),
        MALFORMED: (
            f"the server at {target.url} is not RabbitMQ's management API",
            "correct `management_url`: its port is usually 15672, not that of AMQP",
        ),
    }.get(
        reason,
        (
            f"the server at {target.url} refuses the request (status {getattr(error, 'status', 0)})",
            "correct `management_url`: it must not contain /api, and its port is usually 15672",
        ),
    )
    return missing(of, told, cure, reason)


def judge(broker: Broker, username: str, queues: Sequence[QueueRef], state: BrokerState) -> Iterator[Finding]:
    """What the agent would miss there."""
    of, topology = broker.name, state.topology
    if not state.tags & SEEING:
        told = f"user {username} does not have the tag monitoring: it cannot see nodes and all virtual hosts"
        yield missing(of, told, f"`rabbitmqctl set_user_tags {username} monitoring`", connecting.PERMISSION)
    if not state.statistics:
        told = "the broker keeps no statistics: consumers, rates and nodes are unknown"
        cure = "remove management_agent.disable_metrics_collector and management.disable_stats from rabbitmq.conf"
        yield missing(of, told, cure, STATISTICS_DISABLED)
    yield from _vhosts(broker, username, topology)
    yield from _consumed(of, queues, topology)
    yield from _letters(broker, topology)
    seen = [vhost for vhost in broker.vhosts or topology.vhosts if vhost not in topology.unreadable]
    count = sum(queue.vhost in seen for queue in topology.queues)
    yield ok(of, f"RabbitMQ {state.version}, {count} queues in {listed(seen)}")


def _vhosts(broker: Broker, username: str, topology: Topology) -> Iterator[Finding]:
    for vhost in broker.vhosts:
        if vhost not in topology.vhosts:
            near = difflib.get_close_matches(vhost, topology.vhosts, n=1)
            cure = f"did you mean {near[0]}?" if near else f"there are {listed(topology.vhosts)}"
            yield missing(broker.name, f"the virtual host {vhost} does not exist there", cure)
    for vhost in topology.unreadable:
        if not broker.vhosts or vhost in broker.vhosts:
            told = f"user {username} has no access to the virtual host {vhost}"
            cure = f"`rabbitmqctl set_permissions -p {vhost} {username} '^$' '^$' '^$'`"
            if not broker.vhosts:
                cure += ", or list the virtual hosts to monitor in `vhosts`"
            yield missing(broker.name, told, cure, connecting.PERMISSION)


def _consumed(of: str, queues: Sequence[QueueRef], topology: Topology) -> Iterator[Finding]:
    known = {(queue.vhost, queue.name) for queue in topology.queues}
    for queue in dict.fromkeys(queues):
        if queue.vhost in topology.unreadable or (queue.vhost, queue.queue) in known:
            continue
        here = [name for vhost, name in sorted(known) if vhost == queue.vhost]
        elsewhere = [vhost for vhost, name in sorted(known) if name == queue.queue]
        near = difflib.get_close_matches(queue.queue, here, n=1)
        if elsewhere:
            cure = f"it is in {listed(elsewhere)}: give `vhost`"
        elif near:
            cure = f"did you mean {near[0]}?"
        else:
            cure = "start the service that declares it, or take it out of `consumes`"
        yield missing(of, f"there is no queue {queue.queue} in the virtual host {queue.vhost}", cure)


def _letters(broker: Broker, topology: Topology) -> Iterator[Finding]:
    patterns = [re.compile(pattern) for pattern in broker.dead_letter_queues]
    letters = topology.dead_letter_queues()
    letters += [q for q in topology.queues if q not in letters and any(each.search(q.name) for each in patterns)]
    if letters:
        yield note(broker.name, f"dead letters are in {listed([shown(queue) for queue in letters])}")
    else:
        told = "no dead-letter queue was found: no queue has a dead-letter exchange that leads to one"
        yield note(broker.name, told, "if there are dead-letter queues, name them in `dead_letter_queues`")
    for key in ("dead_letter_queues", "retry_queues", "queues_without_consumer"):
        for pattern in getattr(broker, key):
            if not any(re.search(pattern, queue.name) for queue in topology.queues):
                yield note(broker.name, f"no queue matches {pattern} of `{key}`", "take it out, or mend it")


def shown(queue: Queue) -> str:
    """A queue's name, with its virtual host where that is not the usual one."""
    return queue.name if queue.vhost == "/" else f"{queue.name} ({queue.vhost})"
