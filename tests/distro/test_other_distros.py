"""Several distros in one environment: ours is whole or does nothing, and a line says how to choose."""

from pathlib import Path

import pytest

from reduse.distro.lifecycle.chosen import keep_together
from tests.distro.other_distros import install_contribs, install_third
from tests.distro.service import Service
from tests.otlp_receiver import OtlpReceiver

pytestmark = pytest.mark.server

DURATION = "http.server.request.duration"
REQUESTS = 17
AT_THE_END = {"OTEL_METRIC_EXPORT_INTERVAL": "60000"}


def run(receiver: OtlpReceiver, folder: Path, **variables: str) -> str:
    """17 requests of one user; the output."""
    with Service(receiver.endpoint, **AT_THE_END, PYTHONPATH=str(folder), **variables) as service:
        service.get("/plain", REQUESTS, ["north"])
    return service.output


def arrived(receiver: OtlpReceiver) -> tuple[float, int, bool]:
    """Requests, requests of users, and whether there are metrics of the process."""
    return receiver.total(DURATION), receiver.user_counts().total(), bool(receiver.named("process.cpu.time"))


@pytest.mark.parametrize("setting", [{}, {"OTEL_PYTHON_DISTRO": "reduse"}, {"OTEL_PYTHON_CONFIGURATOR": "reduse"}])
def test_beside_contribs_distro_ours_runs_whole_without_a_word(tmp_path: Path, setting: dict[str, str]) -> None:
    install_contribs(tmp_path)
    with OtlpReceiver() as receiver:
        output = run(receiver, tmp_path, **setting)
        assert arrived(receiver) == (REQUESTS, REQUESTS, True)
    assert "Configuration of" not in output
    assert "reduse:" not in output


def test_with_contribs_distro_chosen_ours_does_nothing(tmp_path: Path) -> None:
    install_contribs(tmp_path)
    chosen = {"OTEL_PYTHON_DISTRO": "distro", "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    with OtlpReceiver() as receiver:
        output = run(receiver, tmp_path, **chosen)
        assert receiver.user_counts().total() == 0
    assert "Traceback" not in output
    assert "reduse:" not in output


def test_a_third_distro_that_comes_first_is_left_to_run_and_a_line_says_what_to_set(tmp_path: Path) -> None:
    install_third(tmp_path)
    with OtlpReceiver() as receiver:
        output = run(receiver, tmp_path)
        assert arrived(receiver) == (0, 0, False)
    assert output.count("third runs\n") == output.count("third configures\n") == 1
    assert [line for line in output.splitlines() if line.startswith("reduse:")] == [
        "reduse: the distro third runs and this one does not, so it measures nothing: set OTEL_PYTHON_DISTRO=reduse"
    ]


def test_a_third_distro_does_not_run_where_ours_is_chosen(tmp_path: Path) -> None:
    install_third(tmp_path)
    with OtlpReceiver() as receiver:
        output = run(receiver, tmp_path, OTEL_PYTHON_DISTRO="reduse")
        assert arrived(receiver) == (REQUESTS, REQUESTS, True)
    assert "third" not in output


def test_workers_have_what_their_supervisor_has_and_say_nothing_again(tmp_path: Path) -> None:
    install_third(tmp_path)
    with OtlpReceiver() as receiver:
        with Service(receiver.endpoint, "--workers=2", PYTHONPATH=str(tmp_path)) as service:
            service.get("/plain", REQUESTS)
        assert arrived(receiver) == (0, 0, False)
    assert service.output.count("so it measures nothing") == 1


def test_where_ours_comes_first_a_line_says_that_the_third_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install_third(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    environment: dict[str, str] = {}
    keep_together(environment)
    keep_together(environment)
    assert environment == {"OTEL_PYTHON_DISTRO": "reduse", "OTEL_PYTHON_CONFIGURATOR": "reduse"}
    said = capsys.readouterr().err
    assert said.count("the distro third is also installed but does not run: set OTEL_PYTHON_DISTRO") == 1
