"""In the whole suite a skip is a failure: what the test needs is missing, and nobody would know that it never ran."""

from typing import TypeVar

import pytest

NO_SKIPS = "--no-skips"

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def unskipped(report: Report, config: pytest.Config) -> Report:
    """The same; or with `--no-skips` as a failure, with the reason of the skip. What is expected to fail may."""
    if report.skipped and not hasattr(report, "wasxfail") and config.getoption(NO_SKIPS):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason} (by {NO_SKIPS} a test that is skipped has failed)"
    return report
