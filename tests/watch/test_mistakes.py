"""Each mistake is a line: where it is, what is wrong, what would be right, and no secret."""

import pytest

from reduse.watch.document import MOST_BYTES
from reduse.watch.mistakes import MOST_SHOWN, WatchError
from reduse.watch.reading import parse

SERVICE = "company: x\nservices:\n  - name: a\n    "
USERS = SERVICE + "users: true\n    "
DATABASE = "company: x\ndatabases:\n  - {name: d, endpoint: 'db:1', password_file: p}\n"
BROKER = "company: x\nbrokers:\n  - {name: b, management_url: 'http://b:1', password_file: p, vhosts: [/]}\n"


def mistakes(text: str) -> list[str]:
    with pytest.raises(WatchError) as raised:
        parse(text)
    lines = str(raised.value).splitlines()
    assert lines[0] == "watch.yaml cannot be used:"
    return [line.strip() for line in lines[1:]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file: is empty; begin with `company: NAME`; `./reduse watch init` writes such a file."),
        ("- company", "the file (line 1): has no keys; begin with `company: NAME`."),
        ("company: x\n\tname: y", "the file (line 2): is indented with a tab; use spaces: YAML takes no tabs there."),
        ("company: 'x", "the file (line 1): ends within quotes; close the quotes."),
        (
            "company: x\n---\ncompany: y",
            "the file (line 2): has a second document (`---`); one file holds one company: leave the rest out.",
        ),
        ("company: x\0", "the file (line 1): holds a character that is no text; is this the right file?"),
        ("company: x\nservics: []", "servics (line 2): there is no such key; did you mean `services`?"),
        (
            "company: x\nlimits: []",
            "limits (line 2): there is no such key; it belongs to services[] and services[].policies[].",
        ),
        (
            "services: []",
            "company (line 1): is missing; the name of the company or of the monitored system.",
        ),
        (
            "company: x\nservices: {name: a}",
            "services (line 2): must be a list; write it as [one, two], or as lines that begin with `- `.",
        ),
        ("company: x\nservices:", "services (line 2): has no value; give it one, or leave the key out."),
        (
            "company: x\nservices: [a]",
            (
                "services[0] (line 2): `a` must be an entry with keys; write it as {key: value}, or as lines of "
                "`key: value`."
            ),
        ),
        ("company: 007", 'company (line 1): `007` is a number in YAML and must be text; put it in quotes: "007".'),
        ("company: on", 'company (line 1): `on` is true in YAML and must be text; put it in quotes: "on".'),
        (
            "company: 2030-01-01",
            'company (line 1): `2030-01-01` is a date in YAML and must be text; put it in quotes: "2030-01-01".',
        ),
        ("company: 2030-99-99", "company (line 1): looks like a date and is none; put the value in quotes."),
        ("company: {english: x}", "company.english (line 1): is no language; write its tag, such as en, ru or pt-BR."),
        ("company: x\ncompany: y", "company (line 2): is there twice, on line 1 too; leave one of them out."),
        (
            SERVICE + "users: 'yes'",
            "services[0].users (line 4): `yes` must be true or false; write true or false, without quotes.",
        ),
        (
            SERVICE + "export_interval: 1",
            (
                "services[0].export_interval (line 4): `1` must be a duration with its unit; write 1s for "
                "seconds, 1ms for "
                "thousandths."
            ),
        ),
        *(
            (
                text.replace("file: p", f"file: p, interval: {interval}"),
                (
                    f"{path}.interval (line 3): `{interval}` is too long: rules look back for three scrapes, 30s; "
                    "write 10s or less."
                ),
            )
            for text, path in ((DATABASE, "databases[0]"), (BROKER, "brokers[0]"))
            for interval in ("30s", "10001ms", "0.2m")
        ),
        (
            SERVICE + "objectives: [{goal: availability, target: 99.5}]",
            "services[0].objectives[0].target (line 4): `99.5` must be a percentage with its sign; write 99.5%.",
        ),
        (
            SERVICE + "objectives: [{goal: availability, target: 0.995}]",
            "services[0].objectives[0].target (line 4): `0.995` must be a percentage with its sign; write 99.5%.",
        ),
        (
            SERVICE + "objectives: [{goal: latncy, target: 99%}]",
            (
                "services[0].objectives[0].goal (line 4): `latncy` is none of those that there are; did you mean "
                "`latency`?"
            ),
        ),
        (
            SERVICE + "objectives: [{goal: latency, target: 99%, threshold: 300ms}]",
            (
                "services[0].objectives[0].threshold (line 4): 300ms is no bound of the response times' histogram (the "
                "nearest are 250ms and 500ms); take one of these, or add `duration_bounds: [300ms]` to the service."
            ),
        ),
        (
            SERVICE + "objectives: [{goal: latency, target: 99%}]",
            (
                "services[0].objectives[0] (line 4): a latency needs a `threshold`; give one of the "
                "histogram's bounds, "
                "such as 500ms."
            ),
        ),
        (
            SERVICE + "limits: [{requests_per_second: 5}]",
            (
                "services[0].limits (line 4): are for each user, and its users are not counted; add `users: true`, or "
                "leave the limits out."
            ),
        ),
        (
            SERVICE + "policies: [{name: price, routes: [GET /a]}]",
            (
                "services[0].policies (line 4): are of users, and its users are not counted; add `users: true`, or "
                "leave the policies out."
            ),
        ),
        *(
            (USERS + f"policies: [{entry}]", f"services[0].policies{told}")
            for entry, told in [
                (
                    "{name: Price, routes: [GET /a]}",
                    (
                        "[0].name (line 5): `Price` is no name of a policy; use at most 32 of a-z, 0-9, _ and -, and "
                        "begin with a letter or a digit."
                    ),
                ),
                (
                    "{name: price, routes: [/a]}",
                    (
                        "[0].routes[0] (line 5): `/a` is no method and route; write one as http_route has it, such as "
                        "POST /partner/price or '* /jobs*'."
                    ),
                ),
                (
                    "{name: a, routes: [GET /a]}, {name: b, routes: [GET /a]}",
                    (
                        "[1].routes[0] (line 5): `GET /a` is under `a` already, which comes first; leave it out of one "
                        "of them."
                    ),
                ),
                (
                    "{name: a, routes: [GET /a]}, {name: a, routes: [GET /b]}",
                    "[1].name (line 5): `a` is there twice; give it another name, or put the routes of both into one.",
                ),
                (
                    "{name: a, routes: [GET /a], limits: [{requests: 5}]}",
                    "[0].limits[0].per (line 5): is missing; what it counts over: `second`, `minute`, `hour` or `day`.",
                ),
                (
                    "{name: a, routes: [GET /a], limits: [{requests: 5, per: day}, {requests: 5, per: day, burst: 2}]}",
                    "[0].limits[1] (line 5): a limit of 5/day is there twice; leave one of them out.",
                ),
                (
                    "{name: a, routes: [GET /a], limits: [{requests: 5, per: fortnight}]}",
                    (
                        "[0].limits[0].per (line 5): `fortnight` is none of those that there are; write `second` or "
                        "`minute` or `hour` or `day`."
                    ),
                ),
            ]
        ),
        (
            "company: x\nservices:\n  - {name: a=b, users: true, policies: [{name: p, routes: [GET /a]}]}",
            (
                "services[0].name (line 3): a service with policies cannot have a = in its name; rename it, or leave "
                "the policies out."
            ),
        ),
        (
            SERVICE + "uses: [orders]",
            "services[0].uses[0] (line 4): no database is called `orders`; there is no database in this file.",
        ),
        (
            DATABASE + "services: [{name: a, uses: [e]}]",
            "services[0].uses[0] (line 4): no database is called `e`; there are d.",
        ),
        (
            BROKER + "services: [{name: a, consumes: [{broker: b, queue: q, vhost: /x}]}]",
            "services[0].consumes[0].vhost (line 4): no virtual host of b is called `/x`; did you mean `/`?",
        ),
        (
            DATABASE + "services: [{name: d}]",
            "databases[0].name (line 3): `d` is the name of services[0], too; give each part a name of its own.",
        ),
        (
            "company: x\nservices: [{name: prometheus}]",
            "services[0].name (line 2): `prometheus` is the job of a part of the monitoring itself; take another name.",
        ),
        (
            (
                "company: x\nservices: [{name: a, namespace: b}, {name: a}, {name: a, namespace: c}]\n"
                "table: [{signal: cpu, of: b/a}, {signal: cpu, of: a}, {signal: cpu, of: b/a}]"
            ),
            "table[2] (line 3): `cpu` of `b/a` has a row already; leave one of them out.",
        ),
        (
            "company: x\nservices: [{name: '${env:NAME}'}]",
            (
                "services[0].name (line 2): `${env:NAME}` a name cannot come from the environment: it is written into "
                "rules and dashboards; write the name itself."
            ),
        ),
        (
            DATABASE.replace("password_file: p", "password_file: $HOME/p"),
            (
                "databases[0].password_file (line 3): a `$` begins no reference to an environment variable; write "
                "${env:NAME}, or ${env:NAME:-default} where there is a default."
            ),
        ),
        (
            BROKER.replace("vhosts: [/]", "retry_queues: ['(?=a)']"),
            (
                "brokers[0].retry_queues[0] (line 3): `(?=a)` has what Go's regular expressions do not have "
                "(look-around, "
                "references back, possessive repetition); write it without, see "
                "https://github.com/google/re2/wiki/Syntax."
            ),
        ),
        (
            "company: x\nreceivers: [{name: r}]",
            (
                "receivers[0] (line 2): has no way to send an alert; give it one of webhook_url, webhook_url_file, "
                "email_to, telegram_chat."
            ),
        ),
        (
            "company: x\nservices: [{name: a, uses: {{ database }}}]",
            (
                "services[0].uses (line 2): has a key that is no word; if braces or brackets were to be text, put the "
                "value in quotes."
            ),
        ),
    ],
)
def test_a_mistake_says_where_it_is_and_what_would_be_right(text: str, told: str) -> None:
    assert mistakes(text) == [told]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    told = mistakes("company: 7\nservices:\n  - nam: a\n  - {name: b, users: 1}\nlanguages: []\n")
    assert [line.partition(":")[0] for line in told] == [
        "company (line 1)",
        "services[0].name (line 3)",
        "services[0].nam (line 3)",
        "services[1].users (line 4)",
        "languages (line 5)",
    ]


def test_very_many_mistakes_are_counted() -> None:
    told = mistakes("company: x\nservices:\n" + "  - {nam: x}\n" * 100)
    assert len(told) == MOST_SHOWN + 1
    assert told[-1] == f"and {200 - MOST_SHOWN} more mistakes."


@pytest.mark.parametrize(
    "text",
    [
        DATABASE.replace("'db:1'", "postgres://monitoring:hunter2@db/orders"),
        DATABASE.replace("'db:1'", "'host=db password=hunter2'"),
        DATABASE.replace("password_file: p", "password: hunter2"),
        DATABASE.replace("password_file: p", "password_file: $hunter2"),
        DATABASE.replace("password_file: p", "password_file: *hunter2"),
        DATABASE.replace("password_file: p", "password_file: !hunter2 x"),
        DATABASE.replace("password_file: p", "password_file: 'hunter2"),
        DATABASE.replace("password_file: p", "password_file: [hunter2]"),
        DATABASE.replace("password_file: p", "password_file: {hunter2: 1}"),
        BROKER.replace("http://b:1", "http://guest:hunter2@b:1"),
        BROKER.replace("http://b:1", "guest:hunter2@b:1"),
        BROKER.replace("http://b:1", "${env:SCHEME}://guest:hunter2@b:1"),
        "company: x\nreceivers: [{name: r, webhook_url: hooks.example.org/hunter2}]",
        "company: x\nservices: [{name: a, password: hunter2}, {name: 'postgres://a:hunter2@b/$'}]",
    ],
)
def test_what_may_be_a_secret_is_never_shown(text: str) -> None:
    assert "hunter2" not in "\n".join(mistakes(text))


@pytest.mark.slow
def test_aliases_that_multiply_are_bounded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 15)]
    assert "use fewer aliases" in mistakes("\n".join(lines))[0]
    assert "has an alias within what it stands for" in mistakes("company: &a [*a]")[0]


def test_what_is_deep_or_large_is_refused_without_being_read() -> None:
    assert "nested more than 20 deep" in mistakes("[" * 100_000)[0]
    assert "nested more than 20 deep" in mistakes("a: " + "{a: " * 50)[0]
    assert "is larger than" in mistakes("company: x\n" + "#" * MOST_BYTES)[0]
