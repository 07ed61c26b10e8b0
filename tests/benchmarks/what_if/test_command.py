"""The benchmark runs, on a small history, and says what it has measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.what_if.__main__ import questions

pytestmark = pytest.mark.slow


def test_it_measures_reading_and_each_limiter() -> None:
    command = [sys.executable, "-m", "benchmarks.what_if", "--users=100", "--rows=20", "--seconds=5", "--json"]
    finished = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)
    found = json.loads(finished.stdout)
    assert [each["what"] for each in found["measured"]] == ["reading alone", *questions()]
    assert 0 < found["rows"] <= 500
