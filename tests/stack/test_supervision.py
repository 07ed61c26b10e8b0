"""The supervisor's configuration says what the parts say."""

import configparser
import shlex
from pathlib import Path

import pytest

from reduse.stack.errors import SettingError
from reduse.stack.parts import STORES, Part, all_parts
from reduse.stack.settings import Settings
from reduse.stack.supervision import Supervisor, configuration


def parsed(parts: list[Part], settings: Settings) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(configuration(parts, settings))
    return parser


def test_words_with_spaces_and_percent_signs_survive(tmp_path: Path) -> None:
    part = Part("odd", STORES, ["/bin/echo", "50 % of", "it's"], {"PREFIX": "%m"})
    section = parsed([part], Settings(state_dir=tmp_path))["program:odd"]
    assert shlex.split(section["command"].replace("%%", "%")) == part.command
    assert section["environment"] == 'PREFIX="%%m"'


def test_no_part_has_a_secret_on_its_command_line_or_in_its_environment(tmp_path: Path) -> None:
    from reduse.stack import credentials

    settings = Settings(state_dir=tmp_path)
    credentials.create(settings.secrets_dir, partners=1)
    text = configuration(all_parts(settings, Path("/otelcol"), load=True), settings)
    assert not [name for name in credentials.PASSWORDS if credentials.read(settings.secrets_dir, name) in text]


def test_a_state_folder_too_deep_for_a_socket_is_refused_by_name(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / ("d" * 100))
    with pytest.raises(SettingError, match="REDUSE_STATE_DIR"):
        Supervisor(settings).start([])


def test_nothing_runs_in_a_new_state_folder(tmp_path: Path) -> None:
    supervisor = Supervisor(Settings(state_dir=tmp_path))
    assert supervisor.pid() is None
    assert supervisor.stop() is False
