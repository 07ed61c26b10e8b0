"""A company's file written for the first time: entries of what was found, with comments on what else may be set."""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from reduse import duration
from reduse.operation.watching.discovery import Found, FoundBroker, FoundDatabase, FoundService
from reduse.operation.watching.finding import Finding
from reduse.watch.service import Service
from reduse.yaml_text import write_yaml

MOST_LISTED = 40

SERVICE_KEYS = """\
    # What is promised of it over thirty days; an availability of 99.5% when not given.
    # objectives:
    #   - {goal: availability, target: 99.5%}
    #   - {goal: latency, target: 99%, threshold: 500ms}
    # What it needs: alerts of these silence its own.
    # uses: [NAME OF A DATABASE]
    # consumes: [{broker: NAME OF A BROKER, queue: NAME OF A QUEUE}]
"""

SERVICE_TEMPLATE = """\
# No service reports yet. One that does is seen without being in the file; this gives it objectives of its own.
# services:
#   - name: orders    # its OTEL_SERVICE_NAME
#     title: Orders
#     objectives:
#       - {goal: availability, target: 99.5%}
#       - {goal: latency, target: 99%, threshold: 500ms}
#     users: true     # its users are counted
"""

DATABASE_TEMPLATE = """\
# databases:
#   - name: orders-db
#     endpoint: db.example.org:5432
#     # GRANT pg_monitor TO monitoring
#     username: monitoring
#     # The password alone, readable by its owner only.
#     password_file: secrets/orders-db
"""

BROKER_TEMPLATE = """\
# brokers:
#   - name: rabbitmq
#     management_url: http://broker.example.org:15672
#     # rabbitmqctl set_user_tags monitoring monitoring
#     username: monitoring
#     password_file: secrets/rabbitmq
"""

END = """\
# Who is told of what; beside these, REDUSE_ALERT_* are told of everything.
# receivers:
#   - {name: on-call, email_to: on-call@example.org}
# notify:
#   - {receiver: on-call, severity: critical}

# The rows of your table, in your order and words; every signal of every part when not given.
# table:
#   - {signal: requests, of: NAME OF A SERVICE, title: Requests a second}
"""


def document(found: Found, schema: str) -> str:
    """The text of the file. `schema`: where its JSON Schema is, as an editor finds it."""
    return "".join(
        [
            f"# yaml-language-server: $schema={schema}\n",
            "# What is watched. Every key: docs/watch.md. After a change: `./reduse watch check`.\n",
            f"company: {scalar(found.company)}\n",
            "# The languages in which your monitoring plan is written.\n# languages: [en]\n\n",
            *_services(found.services),
            "\n",
            *_section("databases", DATABASE_TEMPLATE, [_database(each) for each in found.databases]),
            "\n",
            *_section("brokers", BROKER_TEMPLATE, [_broker(each) for each in found.brokers]),
            "\n",
            END,
        ]
    )


def scalar(text: str) -> str:
    """A text in YAML, in quotes where it would be taken for something else."""
    written = write_yaml(text, width=100_000, allow_unicode=True).removesuffix("\n").removesuffix("\n...")
    # Within a list of the short form these have a meaning, too.
    return written if written[0] in "'\"" or not any(sign in written for sign in ",[]{}#") else _quoted(text)


def _quoted(text: str) -> str:
    return write_yaml(text, default_style='"', width=100_000, allow_unicode=True).removesuffix("\n")


def _section(key: str, template: str, entries: Sequence[str]) -> Iterator[str]:
    if not entries:
        yield template
        return
    yield f"{key}:\n"
    yield from entries


def _services(services: Sequence[FoundService]) -> Iterator[str]:
    usable = [service for service in services if _is_usable(service)]
    for service in services:
        if service not in usable:
            yield comment("", f"A service cannot be in the file, as its name has odd characters: {service.name!r}")
    if not usable:
        yield SERVICE_TEMPLATE
        return
    yield "# Seen in the store. One that is not in the file is watched too, without objectives of its own.\nservices:\n"
    for number, service in enumerate(usable):
        yield "".join(_service(service))
        if number == 0:
            yield SERVICE_KEYS


def _is_usable(service: FoundService) -> bool:
    try:
        Service.model_validate({"name": service.name, "namespace": service.namespace})
    except ValidationError:
        return False
    return True


def _service(service: FoundService) -> Iterator[str]:
    yield f"  - name: {scalar(service.name)}\n"
    if service.namespace is not None:
        yield f"    namespace: {scalar(service.namespace)}\n"
    if service.users:
        yield "    # Its users are counted.\n    users: true\n"
    if service.interval is not None and service.interval > 0 and abs(service.interval - 1) > 0.3:
        yield f"    export_interval: {duration.text(service.interval)}\n"


def _database(found: FoundDatabase) -> str:
    entry = found.entry
    lines = [
        f"  - name: {scalar(entry.name)}\n",
        *_missing(found.missing),
        f"    endpoint: {scalar(entry.endpoint)}\n",
        f"    username: {scalar(entry.username)}\n",
        f"    password_file: {scalar(entry.password_file)}\n",
    ]
    if found.databases:
        lines.append("    # All are shown when these are not given.\n")
        lines.append(comment("    ", f"databases: {_list(found.databases)}"))
    return "".join(lines)


def _broker(found: FoundBroker) -> str:
    entry = found.entry
    lines = [
        f"  - name: {scalar(entry.name)}\n",
        *_missing(found.missing),
        f"    management_url: {scalar(entry.management_url)}\n",
        f"    username: {scalar(entry.username)}\n",
        f"    password_file: {scalar(entry.password_file)}\n",
    ]
    if found.vhosts:
        lines.append("    # All that the user sees when these are not given.\n")
        lines.append(comment("    ", f"vhosts: {_list(found.vhosts)}"))
    if found.letters:
        told = f"Dead letters are in {_list(found.letters)}: that follows from exchanges, bindings and policies."
        lines.append(comment("    ", told))
    if found.vhosts or found.letters:
        lines.append("    # Patterns for others, which consumers publish to by themselves:\n")
        lines.append("    # dead_letter_queues: ['^failed']\n")
    if found.queues:
        lines.append("    # Queues, for `consumes` of services:\n")
        lines += [
            comment("    ", f"{{broker: {scalar(entry.name)}, queue: {scalar(name)}{_vhost(vhost)}}}")
            for vhost, name in found.queues[:MOST_LISTED]
        ]
        if len(found.queues) > MOST_LISTED:
            lines.append(comment("    ", f"and {len(found.queues) - MOST_LISTED} more"))
    return "".join(lines)


def _vhost(vhost: str) -> str:
    return "" if vhost == "/" else f", vhost: {scalar(vhost)}"


def _missing(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        yield comment("    ", f"To do: {finding.told}. {finding.cure}")


def comment(indentation: str, text: str) -> str:
    """On one line, whatever is in it."""
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return f"{indentation}# {line}\n"


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(scalar(name) for name in names[:MOST_LISTED])
    return f"[{shown}]" if len(names) <= MOST_LISTED else f"[{shown}, …]"
