from reduse.processor.core.snapshot_rule import LOG_FACTOR, SnapshotRule


def test_what_was_replayed_becomes_a_snapshot_soon_and_then_the_log_has_to_grow() -> None:
    rule = SnapshotRule(100)
    assert rule.is_due()
    rule.replaced(10)
    rule.logged(99)
    assert not rule.is_due()
    rule.logged(1)
    assert rule.is_due()


def test_a_large_snapshot_asks_for_as_much_more_of_a_log() -> None:
    rule = SnapshotRule(100)
    rule.replaced(1000)
    rule.logged(LOG_FACTOR * 1000 - 1)
    assert not rule.is_due()
    rule.logged(1)
    assert rule.is_due()


def test_one_that_could_not_be_written_waits_for_half_of_what_asks_for_it() -> None:
    rule = SnapshotRule(100)
    rule.put_off()
    rule.logged(49)
    assert not rule.is_due()
    rule.logged(1)
    assert rule.is_due()


def test_what_is_to_leave_the_log_asks_for_one_at_once() -> None:
    rule = SnapshotRule(100)
    rule.replaced(1000)
    rule.hasten()
    assert rule.is_due()
