"""`reduse recommend`: exit codes that mean something, and an output for whom it is meant."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reduse.cli import main as cli
from reduse.yaml_text import read_yaml
from tests.history.windows import mark_whole, windows, write_journal
from tests.ports import free_port
from tests.recommendation.conftest import Known

Recommend = Callable[..., tuple[object, str, str]]


@pytest.fixture
def recommend(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Recommend:
    """Call the command in this process: (exit status, standard output, standard error)."""

    def call(*arguments: str, port: int | None = None) -> tuple[object, str, str]:
        monkeypatch.setenv("REDUSE_STATE_DIR", str(tmp_path))
        monkeypatch.setenv("REDUSE_PROMETHEUS_PORT", str(port or free_port()))
        monkeypatch.setenv("COLUMNS", "300")
        monkeypatch.setattr(sys, "argv", ["reduse", "recommend", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        output = capfd.readouterr()
        return ended.value.code or 0, output.out, output.err

    return call


def test_help_has_examples_and_the_exit_codes(recommend: Recommend) -> None:
    status, out, _ = recommend("--help")
    assert status == 0
    assert "Examples" in out
    assert "Exit status 1 without data, 2 for an invalid option, 3 if no limit" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [["--window", "1w"], ["--touched", "101"], ["--snippet", "haproxy"], ["--rejected"]]
)
def test_a_wrong_option_is_exit_status_2(recommend: Recommend, options: list[str]) -> None:
    status, out, err = recommend("--service", "mes-api", *options)
    assert (status, out) == (2, "")
    assert options[0] in err


def test_without_prometheus_it_is_one_line_and_exit_status_1(recommend: Recommend) -> None:
    status, out, err = recommend("--service", "mes-api")
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert "REDUSE_PROMETHEUS_PORT" in err


@pytest.mark.server
def test_a_recommendation_is_exit_status_0_and_has_no_colours_in_a_file(recommend: Recommend, known: Known) -> None:
    status, out, err = recommend("--service", "two", "--touched", "25", port=known.port)
    assert (status, err) == (0, "")
    assert "Recommended: 5 requests/s for each user, 10 at once." in out
    assert "\x1b[" not in out


@pytest.mark.server
def test_no_limit_that_will_do_is_exit_status_3_and_null(recommend: Recommend, known: Known) -> None:
    """User c sends 25 requests a second, more than the highest limit."""
    status, out, _ = recommend("--service", "two", port=known.port)
    assert status == 3
    assert "No limit of the ladder will do" in out
    status, out, _ = recommend("--service", "two", "--json", port=known.port)
    assert status == 3
    assert json.loads(out)["recommended"] is None


@pytest.mark.server
def test_json_says_what_was_asked_and_what_was_found(recommend: Recommend, known: Known) -> None:
    options = ["--json", "--window", "30m", "--touched", "50", "--rejected", "20"]
    status, out, _ = recommend("--service", "two", *options, port=known.port)
    found = json.loads(out)
    assert status == 0
    assert found["policy"] == {"touched_percent": 50, "rejected_percent": 20}
    assert found["end"] - found["start"] == 1800
    assert found["recommended"]["limit_per_second"] == 20
    assert found["resolution_seconds"] == 1


@pytest.mark.server
def test_a_snippet_has_standard_output_for_itself(recommend: Recommend, known: Known) -> None:
    options = ["--touched", "25", "--snippet", "envoy", "--header", "X-User"]
    status, out, err = recommend("--service", "two", *options, port=known.port)
    assert (status, err) == (0, "")
    (http_filter,) = read_yaml(out)
    bucket = http_filter["typed_config"]["descriptors"][0]["token_bucket"]
    assert bucket == {"max_tokens": 10, "tokens_per_fill": 5, "fill_interval": "1s"}
    status, out, err = recommend("--service", "two", "--snippet", "nginx", port=known.port)
    assert (status, out) == (3, "")
    assert "No limit of the ladder will do" in err
    status, out, _ = recommend("--service", "two", *options, "--json", port=known.port)
    assert "local_ratelimit" in json.loads(out)["snippet"]


@pytest.mark.server
def test_a_ladder_must_be_named_when_there_are_several(recommend: Recommend, known: Known) -> None:
    assert recommend("--service", "ladders", port=known.port)[0] == 2
    assert recommend("--service", "ladders", "--burst", "2.5", "--touched", "100", port=known.port)[0] == 0


COMPANY = """
company: Test
services:
  - name: routed
    users: true
    policies:
      - {name: price, routes: [POST /partner/price], limits: [{requests: 60, per: minute, burst: 20}]}
"""


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "watch.yaml"
    file.write_text(COMPANY)
    monkeypatch.setenv("REDUSE_WATCH", str(file))
    return file


@pytest.mark.server
@pytest.mark.usefixtures("company")
def test_a_policy_is_judged_by_its_limits_and_its_snippet_has_the_routes(recommend: Recommend, known: Known) -> None:
    options = ["--service", "routed", "--policy", "price"]
    status, out, _ = recommend(*options, port=known.port)
    assert status == 0
    assert "Recommended: 3000 requests a minute for each user, 50 at once." in out
    status, out, _ = recommend(*options, "--touched", "25", "--snippet", "nginx", port=known.port)
    assert status == 0
    assert '"~^POST /partner/price$" $http_x_api_key;' in out
    found = json.loads(recommend(*options, "--json", port=known.port)[1])
    assert (found["under_policy"], found["recommended"]["limit"]) == ("price", "3000/minute")


@pytest.mark.server
@pytest.mark.usefixtures("company")
def test_policies_are_shown_with_their_lowest_mild_limit_and_groups_are_proposed(
    recommend: Recommend, known: Known
) -> None:
    status, out, _ = recommend("--service", "routed", "--policies", port=known.port)
    assert status == 0
    assert "3000/minute" in out
    assert "no limit was tried under the policy untried of routed" in out
    (proposed,) = [read_yaml(part) for part in out.split("below the service:\n")[1:]]
    assert [(policy["name"], policy["routes"]) for policy in proposed["policies"]] == [
        ("jobs", ["GET /partner/jobs/{job_id}"]),
        ("price", ["POST /partner/price"]),
    ]
    assert proposed["policies"][1]["limits"] == [{"requests": 3000, "per": "minute", "burst": 50}]
    assert "GET /partner/jobs/{job_id} is under no policy" in out
    assert "first of two steps" not in out
    found = json.loads(recommend("--service", "routed", "--policies", "--json", port=known.port)[1])
    assert not found["first_step"]
    assert [(group["name"], group["limit"]) for group in found["proposed"]] == [
        ("jobs", None),
        ("price", "3000/minute"),
    ]
    assert found["proposed"][1]["mean_seconds"] == pytest.approx(0.25)
    assert found["policies"]["price"]["recommended"]["limit"] == "3000/minute"


@pytest.mark.server
@pytest.mark.usefixtures("company")
def test_limits_of_policies_can_be_searched_in_the_history(recommend: Recommend, known: Known, tmp_path: Path) -> None:
    recorded = windows(60, known.end - 60, users=9, service="routed")
    write_journal(tmp_path, "a_20260921T14_0", recorded)
    mark_whole(tmp_path, "a")
    options = ["--service", "routed", "--policies", "--search", "--history", str(tmp_path)]
    status, out, _ = recommend(*options, "--per", "second", "--touched", "50", "--json", port=known.port)
    found = json.loads(out)
    assert status == 0
    # Each of its users sends once, 8 requests at most: half of them send less than is let through at once.
    assert found["policies"]["price"]["recommended"]["limit"] == found["proposed"][1]["limit"]
    sent = sum(int(each.counts[each.policy == 1].sum()) for each in recorded)
    assert found["policies"]["price"]["requests_identified"] == sent
    assert "no request of routed under the policy untried is recorded" in found["policies"]["untried"]["error"]


@pytest.mark.server
def test_where_no_policy_is_known_those_to_begin_with_are_proposed_with_the_lines_to_take(
    recommend: Recommend, known: Known
) -> None:
    """Of the service "fresh" only RED is known."""
    status, out, _ = recommend("--service", "fresh", "--policies", port=known.port)
    assert status == 0
    assert "the first of two steps" in " ".join(out.split())
    setting = "price=POST /partner/price;jobs=GET /partner/jobs/{job_id};rest=* *"
    assert f"REDUSE_USER_POLICIES='{setting}'\n" in out
    (proposed,) = [read_yaml(part) for part in out.split("below the service:\n")[1:]]
    assert [policy["name"] for policy in proposed["policies"]] == ["price", "jobs", "rest"]
    found = json.loads(recommend("--service", "fresh", "--policies", "--json", port=known.port)[1])
    assert found["first_step"]
    assert found["setting"] == f"REDUSE_USER_POLICIES='{setting}'"


@pytest.mark.parametrize("options", [["--policies", "--policy", "a"], ["--policies", "--snippet", "nginx"]])
def test_what_is_about_all_policies_is_about_none_alone(recommend: Recommend, options: list[str]) -> None:
    status, _, err = recommend("--service", "routed", *options)
    assert status == 2
    assert "--policies" in err


def test_the_limits_of_a_policy_have_bursts_of_their_own(recommend: Recommend) -> None:
    status, _, err = recommend("--service", "routed", "--policy", "a", "--burst", "2")
    assert status == 2
    assert "--burst" in err
