import os
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from reduse.processor.core.apportion import INTERVAL_LIMIT
from reduse.processor.core.bounds import Bounds
from reduse.processor.core.refusal import Refusal
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.settings import Settings, SettingsError, load


def loaded(monkeypatch: pytest.MonkeyPatch, **changes: str) -> Settings:
    for name in [name for name in os.environ if name.startswith("REDUSE_PROCESSOR_")]:
        monkeypatch.delenv(name)
    for name, value in ({"STATE_DIR": "/nowhere"} | changes).items():
        monkeypatch.setenv(f"REDUSE_PROCESSOR_{name}", value)
    return load(os.environ)


def test_defaults_are_those_of_the_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch)

    assert (settings.endpoint, settings.gateway) == ("127.0.0.1:4337", "http://127.0.0.1:4327")
    assert settings.http_endpoint == "127.0.0.1:4338"
    assert (settings.metrics_port, settings.state_dir, settings.top_k) == (9464, Path("/nowhere"), 20)
    assert settings.options.ladders == (((1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), 2),)


def test_limits_are_ladders_each_with_its_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch, LIMITS="10, 0.5,3").limits == (((0.5, 3, 10), 2),)
    assert loaded(monkeypatch, BURST_SECONDS="5").limits == (((1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), 5),)
    two = loaded(monkeypatch, LIMITS="1,2 @ 0.5; 2,100", BURST_SECONDS="10")
    assert two.limits == (((1, 2), 0.5), ((2, 100), 10))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOP_K", "many"),
        ("TOP_K", "0"),
        ("LIMITS", "1,two"),
        ("LIMITS", "1,1"),
        ("LIMITS", ""),
        ("LIMITS", "-1"),
        ("LIMITS", "1;2;"),
        ("LIMITS", "1,2@3;5,1@3"),
        ("LIMITS", "1@"),
        ("LIMITS", "1@0"),
        ("LIMITS", "nan"),
        ("LIMITS", ",".join(map(str, range(1, 34)))),
        ("CONCURRENCY_LIMITS", "1,1"),
        ("GATEWAY", "127.0.0.1:4327"),
        ("ENDPOINT", "4337"),
        ("ENDPOINT", ""),
        ("HTTP_ENDPOINT", "4338"),
        ("METRICS_PORT", "99999"),
        ("IDLE_SECONDS", "nan"),
        ("LATENESS_SECONDS", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("TOPK", "3"),
        ("USER_LABELS_PER_DAY", "39"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, **{name: value})

    assert str(caught.value).startswith(f"REDUSE_PROCESSOR_{name}: ")
    assert "\n" not in str(caught.value)


def test_each_bound_of_the_core_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = loaded(
        monkeypatch,
        IDLE_SECONDS="4",
        LATENESS_SECONDS="1",
        FORGET_SECONDS="1000",
        REPEAT_HORIZON_SECONDS="400",
        REPEAT_BYTES="8000000",
        INTERVAL_SECONDS="60",
        WINDOW_USERS="7",
        OPEN_WINDOWS="8",
        OPEN_ROWS="9",
        SERVICES="10",
        INSTANCES="11",
    ).bounds

    assert asdict(changed) == {
        "idle": 4 * NANOSECONDS,
        "lateness": NANOSECONDS,
        "forget": 1000 * NANOSECONDS,
        "repeat_horizon": 400 * NANOSECONDS,
        "repeat_words": 1_000_000,
        "interval": 60 * NANOSECONDS,
        "window_users": 7,
        "open_windows": 8,
        "open_rows": 9,
        "services": 10,
        "streams": 11,
        # Whoever takes shards one by one sets it itself.
        "settling": 0,
    }
    assert loaded(monkeypatch).bounds == Bounds()
    assert loaded(monkeypatch, INTERVAL_SECONDS="1000").bounds.interval <= INTERVAL_LIMIT
    with pytest.raises(SettingsError, match="INTERVAL_SECONDS"):
        loaded(monkeypatch, INTERVAL_SECONDS="1001")


def test_what_a_refusal_asks_to_be_set_is_a_setting() -> None:
    named = {name for reason in Refusal for name in re.findall(r"REDUSE_PROCESSOR_(\w+)", reason.cure)}
    assert named == {"FUTURE_SECONDS", "REPEAT_HORIZON_SECONDS", "SERVICES", "INSTANCES"}
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_a_setting_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDUSE_PROCESSOR_STATE_DIR", raising=False)
    with pytest.raises(SettingsError, match="REDUSE_PROCESSOR_STATE_DIR: not set"):
        load({})
