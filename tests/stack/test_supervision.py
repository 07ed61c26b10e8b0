"""The supervisor's configuration says what the parts say."""

import configparser
import shlex
from pathlib import Path

import psutil
import pytest

from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack.installation import Installation
from reduse.stack.part import SERVICES, STORES, Part
from reduse.stack.parts import all_parts
from reduse.stack.supervision import Supervisor, configuration
from tests.stack.small_parts import FOR_EVER, SERVICE, running, shell, until


def test_words_of_all_letters_survive(tmp_path: Path) -> None:
    odd = "a=b [x] ${y} %(z)s 50 % \" it's; ;one #two ключ"
    part = Part("odd", STORES, [f"/bin/{odd}", odd], {"ODD": odd}, directory=tmp_path)
    settings = Settings(state_dir=tmp_path / odd)
    # As the supervisor reads its file.
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(configuration([part], settings))
    command = shlex.split(parser["program:odd"]["command"] % {})
    assert command[-2:] == [f"/bin/{odd}", odd]
    assert {f"ODD={odd}", f"REDUSE_PART_OF={tmp_path / odd}", f"--chdir={tmp_path}"} <= set(command)


@pytest.mark.slow
def test_a_part_runs_where_it_should_with_what_it_should_however_long_the_path(tmp_path: Path) -> None:
    odd = "a=b [x] ${y} %(z)s \" it's; ;one #two ключ" + "и" * 60
    settings = Settings(state_dir=tmp_path / odd)
    (tmp_path / odd / "bin=").mkdir(parents=True)
    program = tmp_path / odd / "bin=" / "program"
    program.write_text('#!/bin/sh\npwd > told; echo "$1" "$ODD" >> told; exec sleep 600\n')
    program.chmod(0o755)
    part = Part("odd", STORES, [str(program), odd], {"ODD": odd}, directory=tmp_path / odd)
    with running(settings, [part]) as supervisor:
        until(supervisor, "odd", "RUNNING")
        told = (tmp_path / odd / "told").read_text().splitlines()
        [process] = supervisor.processes()
        assert psutil.Process(int(process["pid"])).name() == "sleep"
    assert told == [str(tmp_path / odd), f"{odd} {odd}"]


def test_no_part_has_a_secret_on_its_command_line_or_in_its_environment(tmp_path: Path) -> None:
    from reduse.stack import credentials

    settings = Settings(state_dir=tmp_path)
    installation = Installation.of(settings)
    names = credentials.passwords(installation.processes)
    credentials.create(settings.secrets_dir, names)
    text = configuration(all_parts(installation, Path("/otelcol"), load=True), settings)
    assert not [name for name in names if secret_files.read(settings.secrets_dir, name) in text]


def test_nothing_runs_in_a_new_state_folder(tmp_path: Path) -> None:
    supervisor = Supervisor(Settings(state_dir=tmp_path))
    assert supervisor.pid() is None
    assert supervisor.stop() is False


def test_who_takes_samples_is_of_a_lower_stage_than_who_sends_them(tmp_path: Path) -> None:
    parts = all_parts(Installation.of(Settings(state_dir=tmp_path)), Path("/otelcol"), load=True)
    stages = {part.name: part.stage for part in parts}
    way = ("prometheus", "gateway", "processor", "agent", "mes-api", "load")
    assert sorted({stages[name] for name in way}) == [stages[name] for name in way]


@pytest.mark.slow
def test_who_sends_ends_before_who_takes_and_parts_of_a_stage_end_side_by_side(tmp_path: Path) -> None:
    """Each of two stores ends when the other one has been asked to as well, and not before the service has ended."""
    ended = tmp_path / "ended"

    def store(name: str, other: str) -> Part:
        script = f"""
            trap 'touch "$FOLDER/{name}"; until [ -e "$FOLDER/{other}" ]; do sleep 0.05; done
                  echo store >> "$ENDED"; exit 0' TERM
            {FOR_EVER}
        """
        return shell(name, script, FOLDER=str(tmp_path), ENDED=str(ended))

    service = shell("service", SERVICE, stage=SERVICES, ENDED=str(ended))
    with running(Settings(state_dir=tmp_path / "state"), [store("one", "two"), store("two", "one"), service]) as found:
        until(found, "service", "RUNNING")
        assert found.stop()
        assert found.pid() is None
    assert ended.read_text().splitlines() == ["stopped service", "store", "store"]


@pytest.mark.slow
def test_a_stack_is_the_same_by_whichever_name_its_folder_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to("state")
    monkeypatch.chdir(tmp_path)
    with running(Settings(state_dir=tmp_path / "state"), [shell("one", FOR_EVER)]) as supervisor:
        for name in ("link", "link/", "state/.", "state/../link", f"{tmp_path}//state", f"{tmp_path}/./link"):
            called = Supervisor(Settings.model_validate({"state_dir": name}))
            assert called.pid() == supervisor.pid() is not None, name
            assert called.leftovers() == [], name


@pytest.mark.slow
def test_a_stack_whose_folder_was_read_otherwise_is_known_too(tmp_path: Path) -> None:
    """As by an earlier release, or by a mount."""
    (tmp_path / "state").mkdir()
    (tmp_path / "link").symlink_to("state")
    text = Settings(state_dir=tmp_path / "state").model_copy(update={"state_dir": tmp_path / "link"})
    with running(text, [shell("one", FOR_EVER)]) as supervisor:
        assert Supervisor(Settings(state_dir=tmp_path / "state")).pid() == supervisor.pid() is not None
