"""VictoriaMetrics and vmalert take what is written for them, and what they cannot do is said before anything starts."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.operation.access import own_access
from reduse.settings.stack import Settings
from reduse.stack.drill.shortened import shortened
from reduse.stack.store.chosen import chosen, running
from reduse.stack.store.prometheus import Prometheus
from reduse.stack.store.victoriametrics import VictoriaMetrics
from tests.collector.stores import built


def settings(folder: Path, **given: object) -> Settings:
    return Settings.model_validate({"state_dir": folder, "store": "victoriametrics", **given})


def test_the_setting_chooses_and_what_was_started_is_remembered(tmp_path: Path) -> None:
    assert isinstance(chosen(Settings(state_dir=tmp_path)), Prometheus)
    store = chosen(settings(tmp_path, victoriametrics_port=8429))
    assert isinstance(store, VictoriaMetrics)
    store.write_configuration()
    assert isinstance(running(Settings(state_dir=tmp_path)), VictoriaMetrics)
    assert own_access(settings(tmp_path, victoriametrics_port=8429)).url == store.url == "http://127.0.0.1:8429"


def test_a_retention_below_a_day_is_refused(tmp_path: Path) -> None:
    chosen(settings(tmp_path, retention="1d")).check()
    with pytest.raises(SettingError, match="REDUSE_RETENTION=6h: VictoriaMetrics keeps samples for at least one day"):
        chosen(settings(tmp_path, retention="6h")).check()


@pytest.mark.server
@pytest.mark.parametrize("speed", [1, 10])
def test_its_programs_take_what_is_written_also_when_a_drill_has_shortened_it(tmp_path: Path, speed: int) -> None:
    store = chosen(
        settings(tmp_path, victoriametrics_program=built("victoria-metrics"), vmalert_program=built("vmalert"))
    )
    store.write_configuration()
    store.write_rules(lambda text: shortened(text, speed))
    store.check_written()
