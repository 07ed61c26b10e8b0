"""The table has every setting of every part once: what is read is in it, and what is in it is read."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reduse.distro.base import settings as distro
from reduse.processor import settings as processor
from reduse.processor.kafka import settings as kafka
from reduse.settings import page
from reduse.settings.parts import MARKS
from reduse.settings.retired import RETIRED
from reduse.settings.setting import Setting
from reduse.settings.stack import Settings, load_settings
from reduse.settings.table import current, table
from reduse.stack.installation import Installation

ROOT = Path(__file__).parents[2]
READERS = ("otel", "collector-config", "docker-compose.yml", "deploy", "grafana/provisioning", "prometheus", "reduse")
ROWS = table(Installation.of(Settings()).processes)


def named(*places: str) -> Iterator[tuple[str, str]]:
    """Each name of a setting in these places, with the file. What ends with `_` is the beginning of several."""
    files = subprocess.run(["git", "ls-files", *places], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for file in files.splitlines():
        # A checkout under work may lack a file that is still listed.
        if (path := ROOT / file).suffix != ".md" and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from ((name, file) for name in re.findall(r"\bREDUSE_[A-Z0-9_]*[A-Z0-9]\b", text))


def test_every_name_that_is_read_anywhere_is_in_the_table() -> None:
    known = {row.name for row in ROWS} | MARKS | RETIRED.keys()
    assert {name: file for name, file in named(*READERS) if name not in known} == {}


def test_every_setting_of_the_table_is_read_by_who_it_says() -> None:
    own = {f"REDUSE_{name.upper()}" for name in Settings.model_fields}
    of_processors = {f"{processor.PREFIX}{name.upper()}" for name in processor.Settings.model_fields}
    of_processors |= {f"{kafka.PREFIX}{name.upper()}" for name in kafka.KafkaSettings.model_fields}
    of_processes = {row.name for row in ROWS if "the company's processes" in row.readers}
    elsewhere = {name for name, file in named(*READERS) if not file.startswith("otel/reduse/settings")}
    assert {row.name for row in ROWS} - own - of_processors - of_processes - elsewhere == set()


def test_each_setting_is_there_once_and_says_what_it_is_for() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert [row.name for row in ROWS if not (row.help.endswith(".") and row.kind and row.readers)] == []


def test_where_the_parts_own_a_default_nobody_says_it_again() -> None:
    """Two defaults of one setting would be two: a part's own, and what compose gives it, are the same."""
    defaults = {row.name: row.default for row in ROWS}
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    given = {name: value for name, value in re.findall(r"\$\{(REDUSE_\w+):-([^}]+)\}", text) if defaults[name]}
    # Of these compose has its own.
    own = {
        "REDUSE_HOST_NAME",
        "REDUSE_PROCESSOR_ENDPOINT",
        "REDUSE_PROCESSOR_LIMITS",
        "REDUSE_PROMETHEUS_URL",
        "REDUSE_STORE",
    }
    assert {name: value for name, value in given.items() if name not in own and defaults[name] != value} == {}


def possible(row: Setting) -> str:
    """A value that the setting can have."""
    kinds = {
        "whole number": "7000",
        "number": "7",
        "true or false": "false",
        "host:port": "127.0.0.1:7000",
        "URL": "http://127.0.0.1:7000",
        "path": "/tmp/there",  # noqa: S108 - nothing is written there
        "list": "1,2",
    }
    return row.default or kinds.get("URL" if row.name.endswith("_URL") else row.kind, "text")


# What a value of these must be cannot be told from its kind.
OF_ITS_OWN: Mapping[str, str] = {
    "REDUSE_OTELCOL": "/bin/true",
    "REDUSE_ROOT": str(ROOT),
    "REDUSE_WATCH": str(ROOT / "company" / "watch.yaml"),
    "REDUSE_ALERT_WEBHOOK_URL": "http://127.0.0.1/",
    "REDUSE_ALERT_HEARTBEAT_URL": "http://127.0.0.1/",
    "REDUSE_ALERT_EMAIL_TO": "team@example.org",
    "REDUSE_ALERT_EMAIL_FROM": "reduse@example.org",
    "REDUSE_ALERT_SMTP_SERVER": "mail.example.org:587",
    "REDUSE_USER_HASH_KEY": "of-this-service-alone",
    "REDUSE_USER_HASH_KEY_FILE": "",
    "REDUSE_USER_POLICIES": "items=GET /items/*",
    "REDUSE_USER_PUBLIC_ROUTES": "/docs*",
    "REDUSE_USER_ROUTES": "/items/*",
}


def test_exporting_any_setting_of_any_part_breaks_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {}
    for port, row in enumerate(ROWS):
        value = str(7000 + port) if row.name.endswith("_PORT") else OF_ITS_OWN.get(row.name, possible(row))
        environment[row.name] = value
        monkeypatch.setenv(row.name, value)
    del environment["REDUSE_USER_HASH_KEY_FILE"]
    load_settings()
    distro.Settings.from_environment(environment)
    unknown = {name for name in environment if name.startswith(processor.PREFIX)} - processor.OF_THE_STACK
    assert unknown <= {f"{processor.PREFIX}{name.upper()}" for name in processor.Settings.model_fields}


def test_current_says_value_and_source() -> None:
    found = {each.setting.name: each for each in current(ROWS, {"REDUSE_RETENTION": "1d", "REDUSE_USER_HASH_KEY": "x"})}
    assert (found["REDUSE_RETENTION"].value, found["REDUSE_RETENTION"].source) == ("1d", "environment")
    assert (found["REDUSE_QUEUE_BYTES"].value, found["REDUSE_QUEUE_BYTES"].source) == ("536870912", "default")
    assert (found["REDUSE_QUEUE_DIR"].value, found["REDUSE_QUEUE_DIR"].source) == (None, "unset")
    assert found["REDUSE_USER_HASH_KEY"].value == "…"


def test_the_page_is_what_would_be_written_now() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page.written(ROWS), (
        "`./reduse settings --markdown > docs/settings.md`"
    )
