"""A service whose stderr is closed, full or not there starts and works as it does without us."""

import os

import pytest

from tests.distro.service import environment
from tests.distro.side_by_side import plain_and_ours
from tests.otlp_receiver import OtlpReceiver

pytestmark = pytest.mark.server

PROGRAM = ["-m", "tests.distro.watched_program"]

# At its first work and at its first request the distro has a line to say.
SAYING = {"OTEL_METRICS_EXEMPLAR_FILTER": "nonsense", "REDUSE_USER_RESOLVERS": "header:x-user"}


@pytest.mark.parametrize(
    ("shell", "arguments"),
    [
        ('"$@" 2>&-', []),
        ('"$@" 2>/dev/full', []),
        ('"$@" 2</dev/null', []),
        ('"$@"', ["none"]),
        ('"$@"', ["refusing"]),
    ],
    ids=["closed", "full", "read-only", "none", "refusing"],
)
def test_it_answers_what_it_answers_without_us(shell: str, arguments: list[str]) -> None:
    with OtlpReceiver() as receiver:
        variables = environment(receiver.endpoint, **SAYING)
        plain, ours = plain_and_ours([*PROGRAM, *arguments], variables, shell)
        assert ours == plain
        assert plain.status == 0
        assert receiver.total("http.server.request.duration") == 3


def test_it_answers_when_nobody_reads_its_stderr_any_more() -> None:
    with OtlpReceiver() as receiver:
        variables = environment(receiver.endpoint, **SAYING)
        reading, writing = os.pipe()
        os.close(reading)
        plain, ours = plain_and_ours(PROGRAM, variables, f'"$@" 2>/proc/{os.getpid()}/fd/{writing}')
        os.close(writing)
        assert ours == plain


def test_a_bad_setting_ends_it_with_its_status_when_it_cannot_be_said() -> None:
    for shell in ('"$@" 2>&-', '"$@" 2>/dev/full'):
        plain, ours = plain_and_ours(PROGRAM, environment("http://127.0.0.1:1", REDUSE_USER_LIMIT="none"), shell)
        assert (plain.status, ours.status) == (0, 2)


def test_what_is_said_is_said_where_stderr_is_open() -> None:
    with OtlpReceiver() as receiver:
        _plain, ours = plain_and_ours(PROGRAM, environment(receiver.endpoint, **SAYING))
    assert ours.errors.count("reduse: OTEL_METRICS_EXEMPLAR_FILTER=nonsense is not followed") == 1
