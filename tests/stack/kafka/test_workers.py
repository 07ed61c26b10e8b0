"""Several workers on one machine: each is a part with a name and a port of its own, and all of them are scraped."""

import json
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack.parts import workers
from reduse.stack.store.prometheus import write_targets


def settings(tmp_path: Path, **given: object) -> Settings:
    return Settings.model_validate({"state_dir": tmp_path, "cache_dir": None, "kafka": True, **given})


def scraped(folder: Path, settings: Settings) -> list[str]:
    write_targets(folder, settings, {})
    [of_processors] = json.loads((folder / "targets" / "processor.json").read_text())
    found: list[str] = of_processors["targets"]
    return found


def test_each_has_a_name_and_a_port_of_its_own_and_the_first_those_of_the_only_one(tmp_path: Path) -> None:
    three = settings(tmp_path, kafka_workers=3, processor_metrics_port=9500)
    parts = workers(three)
    assert [part.name for part in parts] == ["processor", "processor-2", "processor-3"]
    assert [part.environment["REDUSE_PROCESSOR_METRICS_PORT"] for part in parts] == ["9500", "9501", "9502"]
    assert {part.environment["REDUSE_KAFKA_GROUP"] for part in parts} == {"reduse"}
    assert list(three.ports_of_workers().values()) == [9501, 9502]
    [only] = workers(settings(tmp_path))
    assert (only.name, only.environment["REDUSE_PROCESSOR_METRICS_PORT"]) == ("processor", "9464")


def test_all_of_them_are_scraped(tmp_path: Path) -> None:
    assert scraped(tmp_path, settings(tmp_path, kafka_workers=2)) == ["127.0.0.1:9464", "127.0.0.1:9465"]


def test_without_kafka_there_is_one_processor_whatever_the_setting_says(tmp_path: Path) -> None:
    without = settings(tmp_path, kafka=False, kafka_workers=2)
    assert without.workers == 1
    assert scraped(tmp_path, without) == ["127.0.0.1:9464"]
