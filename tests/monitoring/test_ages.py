"""Ages of rows: what is asked now is what the rules record."""

from reduse.monitoring import ages
from reduse.monitoring.definition import Rule
from reduse.monitoring.signals import signals_with_a_row


def test_each_signal_with_a_row_has_an_age_and_a_limit_of_it() -> None:
    made = [rule for rule in ages.rules(signals_with_a_row()).rules if isinstance(rule, Rule)]
    recorded = [rule.labels["signal"] for rule in made if rule.record == ages.AGE]
    assert recorded == [signal.name for signal in signals_with_a_row()]
    assert [rule.record for rule in made] == [ages.AGE, ages.LIMIT] * len(recorded)


def test_what_is_asked_now_is_what_the_rules_record() -> None:
    asked = ages.now(signals_with_a_row())
    for rule in ages.rules(signals_with_a_row()).rules:
        if isinstance(rule, Rule) and rule.record == ages.AGE:
            assert f'label_replace({rule.expr}, "signal", "{rule.labels["signal"]}", "", "")' in asked
