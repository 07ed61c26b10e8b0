"""`./reduse soak`: a piece of a soak from its start to its report."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reduse.errors import SettingError
from reduse.soak import counted, running, site, watched
from reduse.soak.faults import catalogue
from reduse.soak.record import Record
from reduse.soak.report import Report
from reduse.soak.schedule import schedule

# Pieces are at most as long as this.
LONGEST_PIECE = 7200.0
REPORT = "report"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. `seconds`: of the whole soak; `piece`: of this run, None for what is left of it.

    `alert_seconds`: for how long alerts are awaited to end after the last fault; 0: they are not judged.
    """

    folder: Path
    seed: int
    seconds: float
    piece: float | None = None
    rate: float = 20.0
    alert_seconds: float = 600.0
    quick: bool = False


def soak(wanted: Wanted, collector: Path, told: Callable[[str], None]) -> Report:
    """Run a piece, keep what is needed for the next, and write the report beside it.

    Raises:
        SettingError: the folder has another soak, or one that is over.
        StackError: the stack does not start, or does not come back.
    """
    folder = wanted.folder
    folder.mkdir(parents=True, exist_ok=True)
    record = Record.read(folder, wanted.seed, quick=wanted.quick)
    left = wanted.seconds - record.seconds
    if left <= 0:
        raise SettingError(f"the soak in {folder} is over: name another --state-dir, or a longer time.")
    seconds = min(left, wanted.piece or left, LONGEST_PIECE)
    with site.opened(folder, collector, os.environ) as opened:
        faults = catalogue.faults(opened, quick=wanted.quick)
        lacking = catalogue.lacking(opened)
        end = record.seconds + seconds
        planned = [
            each for each in schedule([fault.kind for fault in faults], wanted.seed, end) if each.at >= record.seconds
        ]
        try:
            running.run(
                opened,
                record,
                {fault.kind.name: fault for fault in faults},
                planned,
                seconds,
                wanted.rate,
                wanted.alert_seconds,
                told,
            )
        finally:
            record.write(folder)
    report = Report.of(record, counted.read(folder / "reports"), watched.read(folder / "watched.jsonl"), lacking)
    (folder / f"{REPORT}.md").write_text(report.markdown(faults), encoding="utf-8")
    (folder / f"{REPORT}.json").write_text(json.dumps(report.as_dict(), indent=1), encoding="utf-8")
    return report
