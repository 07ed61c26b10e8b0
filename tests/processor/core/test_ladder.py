"""Limits of policies are read as people write them, and what is wrong is said with an example."""

import pytest

from reduse.limit import Limit, Period, PolicyLimit
from reduse.processor.core.ladder import parse_policy_limits


def test_limits_of_policies_are_by_service_and_policy() -> None:
    assert parse_policy_limits("mes-api/price=100/min@10, 60/minute;eu/mes-api/jobs=5;", 2) == {
        ("mes-api", "price"): (
            PolicyLimit(Limit(60, Period.MINUTE), 60),
            PolicyLimit(Limit(100, Period.MINUTE), 10),
        ),
        ("eu/mes-api", "jobs"): (PolicyLimit(Limit(5, Period.SECOND), 10),),
    }
    assert parse_policy_limits("", 2) == {}


def test_a_bucket_holds_at_least_one_request() -> None:
    assert parse_policy_limits("a/b=0.1,0.2@0.5", 2) == {
        ("a", "b"): (PolicyLimit(Limit(0.1, Period.SECOND), 1), PolicyLimit(Limit(0.2, Period.SECOND), 1))
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price=60/minute", "does not name a service and a policy"),
        ("mes-api/price", "does not name a service and a policy"),
        ("mes-api/Price=1", "not a name of a policy"),
        ("mes-api/price=1;mes-api/price=2", "given twice"),
        ("mes-api/price=1,1", "has the same limit twice"),
        ("mes-api/price=60/fortnight", "no period"),
        ("mes-api/price=", "no limit"),
        ("mes-api/price=1@many", "not a number"),
        ("mes-api/price=" + ",".join(map(str, range(1, 10))), "at most 8 limits"),
        (";".join(f"mes-api/p{number}=1" for number in range(9)), "at most 8 policies"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_policy_limits(text, 2)
