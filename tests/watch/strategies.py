"""Companies of every kind: odd names, texts in several languages, links between parts, or next to nothing."""

from typing import Any

from hypothesis import strategies as st

from reduse.watch.company import Company
from reduse.watch.relations import PIPELINE_JOBS

ODD_NAMES = (
    "shop-api",
    "shop.api",
    "счета",
    "a,b",
    "it's: here",
    "[x]|(y)*",
    "# no comment",
    "100 %",
    ".*",
    "a" * 60,
)
"""What has a meaning in PromQL, YAML, regular expressions or Markdown."""

ODD_QUEUES = (*ODD_NAMES, "back\\slash", "$job", 'a "quoted" {one}')
"""What a broker takes as the name of a queue."""

names = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.text(
        st.characters(codec="utf-8", exclude_characters='"`\\${}', exclude_categories=("C", "Z")),
        min_size=1,
        max_size=20,
    ).filter(lambda name: name not in PIPELINE_JOBS),
)
lines = names
texts = st.one_of(lines, st.dictionaries(st.sampled_from(("en", "ru", "zh-Hant")), lines, min_size=1))
chances = st.booleans()
durations = st.sampled_from(("250ms", "500ms", "1s", "10s"))
shares = st.sampled_from(("99.5%", "99%", "99.999%", "50%"))


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """A policy with limits; its routes are its own."""
    name = draw(st.sampled_from(("price", "jobs", "0-_", "a" * 32)))
    periods = st.sampled_from(("second", "minute", "hour", "day"))
    limits = draw(st.lists(st.tuples(st.sampled_from((0.5, 60, 1e6)), periods), unique=True, max_size=3))
    return {
        "name": name,
        "routes": [f"POST /{name}/<int(min=1,max=5):id>", f"* /{name}/*/{{$id}}/100%"],
        "limits": [
            {"requests": requests, "per": per}
            | ({"burst": 20} if draw(chances) else {})
            | ({"touched": "1%"} if draw(chances) else {})
            for requests, per in limits
        ],
    }


@st.composite
def services(draw: st.DrawFn, name: str, databases: list[str], brokers: list[str]) -> dict[str, Any]:
    """A service of this name, which may use and consume what there is."""
    service: dict[str, Any] = {"name": name}
    if draw(chances):
        service["title"] = draw(texts)
    if draw(chances):
        service["namespace"] = draw(names)
    if draw(chances):
        service["objectives"] = [
            {"goal": "availability", "target": draw(shares)},
            {"goal": "latency", "target": draw(shares), "threshold": draw(durations), "name": "fast"},
            {"goal": "latency", "target": draw(shares), "threshold": "300ms", "name": "faster"},
        ]
        service["duration_bounds"] = ["300ms"]
    if draw(chances):
        service["users"] = True
        service["limits"] = [{"requests_per_second": draw(st.sampled_from((0.5, 50, 1e6))), "refused": "1%"}]
        if not set("=;") & set(name + service.get("namespace", "")):
            service["policies"] = draw(st.lists(policies(), unique_by=lambda policy: policy["name"], max_size=3))
    if draw(chances) and databases:
        service["uses"] = draw(st.lists(st.sampled_from(databases), unique=True, max_size=3))
    if draw(chances) and brokers:
        service["consumes"] = [
            {"broker": draw(st.sampled_from(brokers)), "vhost": draw(names), "queue": draw(st.sampled_from(ODD_QUEUES))}
            for _ in range(2)
        ]
    return service


@st.composite
def companies(draw: st.DrawFn, most: int = 4) -> Company:
    """A valid company with at most this many parts of each kind."""
    parts = draw(st.lists(names, unique=True, max_size=3 * most))
    third = len(parts) // 3
    databases, brokers = parts[:third], parts[third : 2 * third]
    document: dict[str, Any] = {
        "company": draw(texts),
        "languages": draw(st.sampled_from((["en"], ["ru", "en"], ["zh-Hant"]))),
        "services": [draw(services(name, databases, brokers)) for name in parts[2 * third :]],
        "databases": [{"name": name, "endpoint": "db:5432", "password_file": "secret"} for name in databases],
        "brokers": [{"name": name, "management_url": "http://b:15672", "password_file": "secret"} for name in brokers],
    }
    if draw(chances):
        document["receivers"] = [{"name": name, "webhook_url": "http://hook:1/"} for name in ("team", "o'ps, ы")]
        told = [service["name"] for service in document["services"] if "namespace" not in service]
        document["notify"] = [{"receiver": "o'ps, ы", "parts": told[:3], "severity": "critical"}]
    return Company.model_validate(document)


def many(services_count: int, databases_count: int) -> Company:
    """A company of this size, each of whose services uses two databases."""
    databases = [f"db-{number}" for number in range(databases_count)]
    return Company.model_validate(
        {
            "company": "Many",
            "services": [
                {
                    "name": f"service-{number}",
                    "users": number % 4 == 0,
                    "uses": [databases[number % databases_count], databases[(7 * number + 3) % databases_count]],
                    "consumes": [{"broker": "broker", "queue": f"queue-{number}"}],
                }
                for number in range(services_count)
            ],
            "databases": [{"name": name, "endpoint": "db:5432", "password_file": "secret"} for name in databases],
            "brokers": [{"name": "broker", "management_url": "http://b:15672", "password_file": "secret"}],
        }
    )


ONE_SERVICE = Company.model_validate({"company": "Small", "services": [{"name": "only"}]})
"""Nothing but a service."""
