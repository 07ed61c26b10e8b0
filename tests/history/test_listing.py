"""What is recorded can be listed without reading it."""

from __future__ import annotations

from pathlib import Path

from reduse.history.listing import listing
from tests.history.windows import HOUR, mark_whole, window, windows, write_journal, write_parquet


def test_it_has_the_range_of_each_service_its_policies_and_gaps(tmp_path: Path) -> None:
    found = windows(9)
    write_parquet(tmp_path, "a_20260921T14_0", found[:4])
    write_journal(tmp_path, "a_20260921T14_1", [*found[6:8], window(HOUR + 8, found[8].number, service="crm-api")])
    mark_whole(tmp_path, "a")
    (tmp_path / "a_20260921T14_2.parquet").write_bytes(b"PAR1")
    made = listing([tmp_path])
    crm, mes = made.services
    assert (mes.service, mes.begin, mes.end, mes.windows, mes.policies) == ("mes-api", HOUR, HOUR + 8, 6, ("price",))
    assert [(gap.begin, gap.end) for gap in mes.gaps if "not kept" in gap.why] == [(HOUR, HOUR + 8)]
    assert (crm.service, crm.windows) == ("crm-api", 1)
    assert (made.files, list(made.unreadable)) == (3, [str(tmp_path / "a_20260921T14_2.parquet")])
    assert made.as_dict()["files"] == 3


def test_nothing_is_there(tmp_path: Path) -> None:
    made = listing([tmp_path, tmp_path / "not-there"])
    assert (made.services, made.files, made.size) == ((), 0, 0)
