"""The supervisor's configuration says what the parts say."""

import configparser
import shlex
from pathlib import Path

import psutil
import pytest

from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack.installation import Installation
from reduse.stack.part import STORES, Part
from reduse.stack.parts import all_parts
from reduse.stack.supervision import Supervisor, configuration
from tests.stack.small_parts import running, until


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
