"""Findings for people."""

from collections.abc import Iterable, Sequence

from rich.markup import escape
from rich.table import Table

from reduse.operation.watching.finding import Finding, State

MARKS = {State.OK: "[green]✓[/]", State.NOTE: "[dim]·[/]", State.MISSING: "[red]✗[/]"}


def table(findings: Iterable[Finding]) -> Table:
    """One finding a row; beneath each that has one, its cure."""
    shown = Table("", "of", "found")
    last = ""
    for finding in findings:
        reason = f" [dim]({finding.reason})[/]" if finding.reason else ""
        cure = f"\n[bold]→[/] {escape(finding.cure)}" if finding.cure else ""
        of = escape(finding.of) if finding.of != last else ""
        shown.add_row(MARKS[finding.state], of, f"{escape(finding.told)}{reason}{cure}")
        last = finding.of
    return shown


def summary(findings: Sequence[Finding]) -> str:
    """In a sentence."""
    count = sum(finding.state is State.MISSING for finding in findings)
    if count == 0:
        return "Nothing is missing."
    return "One thing is missing." if count == 1 else f"{count} things are missing."
