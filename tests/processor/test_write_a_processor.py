"""The guide's example does what the guide says, alone and in a real processor that finds it by its entry point."""

import re
import sys
import time
from pathlib import Path

import pytest

from tests.processor.exports import point, request
from tests.processor.process import Client, running
from tests.processor.sink import Sink
from tests.waiting import wait_until

GUIDE = Path(__file__).parents[2] / "docs" / "write-a-processor.md"
EXAMPLE_LINES = 30
SECOND = 1_000_000_000


def block(language: str, containing: str) -> str:
    blocks = re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = [text for text in blocks if containing in text]
    return str(found)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example as an installed package has it."""
    (tmp_path / "acme_bursts.py").write_text(block("python", "class Bursts"), "utf-8")
    metadata = tmp_path / "acme_bursts-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-bursts\nVersion: 1.0\n", "utf-8")
    entry = re.sub(r'entry-points\."(.*)"', r"\1", block("toml", "entry-points")).replace("project.", "")
    (metadata / "entry_points.txt").write_text(entry.replace('"', ""), "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_bursts", raising=False)
    return tmp_path


def test_the_example_is_short() -> None:
    assert len(block("python", "class Bursts").splitlines()) < EXAMPLE_LINES


def test_the_test_in_the_guide_passes(installed: Path) -> None:
    scope: dict[str, object] = {}
    exec(compile(block("python", "def test_bursts"), str(installed / "test_acme_bursts.py"), "exec"), scope)  # noqa: S102
    test = scope["test_bursts_are_counted_over_a_restart"]
    assert callable(test)
    test()


@pytest.mark.server
def test_a_real_processor_finds_it(installed: Path) -> None:
    now = (time.time_ns() // SECOND - 5) * SECOND
    with Sink() as sink, running(installed / "state", sink.port) as processor:
        client = Client(processor.port)
        points = [point(now, now + SECOND, 120, f"{7:016x}"), point(now, now + SECOND, 1)]
        client.send(request(points))
        wait_until(lambda: sink.last("acme.bursts.requests") == {"mes-api": 120}, "the plug-in's metric")
        client.close()
        assert processor.metric("reduse_processor_failures_total") == 0
