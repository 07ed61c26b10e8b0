"""Snippets are what the real limiters take, and let through what the model lets through."""

import ast
import math
import re
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.limit import Limit, Period, PolicyLimit
from reduse.policies import parse_policies
from reduse.recommendation.errors import ChoiceError
from reduse.recommendation.observation import LimitEffect, Observation
from reduse.recommendation.snippets import Limiter, snippet
from reduse.yaml_text import read_yaml
from tests.waiting import PATIENCE_SECONDS

# As limits reads it, the library below slowapi: count, per, how many of which unit.
SLOWAPI_LIMIT = re.compile(r"([0-9]+) per ([0-9]+) seconds")

limits = st.sampled_from((0.1, 0.25, 0.3, 0.5, 1, 1.5, 2, 5, 20, 33.3, 1000, 1e6))
bursts = st.sampled_from((0.1, 0.5, 1, 2, 2.5, 10, 60))


def observation(burst: float = 2, *, service: str = "mes-api", active: int = 210) -> Observation:
    return Observation(service, 0, 3600, 1, 3600, burst, 10, 10, active, 10, [])


def written(limiter: Limiter, limit: float, seen: Observation | None = None, header: str = "X-API-Key") -> str:
    return snippet(limiter, seen or observation(), LimitEffect(limit, 0, 0, 0), header)


def capacity(limit: float, burst: float) -> Fraction:
    return max(Fraction(1), Fraction(str(limit)) * Fraction(str(burst)))


def nginx(text: str) -> tuple[float, int]:
    """(requests a second, requests at once) of a snippet."""
    rate = re.search(r"rate=([1-9][0-9]*)r/([sm]);", text)
    assert rate is not None
    burst = re.search(r"^limit_req zone=\w+( burst=([1-9][0-9]*))? nodelay;$", text, re.MULTILINE)
    assert burst is not None
    return int(rate[1]) / {"s": 1, "m": 60}[rate[2]], 1 + int(burst[2] or 0)


def envoy(text: str) -> dict[str, Any]:
    """The configuration of the filter."""
    (http_filter,) = read_yaml(text)
    assert http_filter["name"] == "envoy.filters.http.local_ratelimit"
    config: dict[str, Any] = http_filter["typed_config"]
    return config


@pytest.mark.parametrize("limiter", Limiter)
def test_the_comment_names_what_it_was_derived_from(limiter: Limiter) -> None:
    first = written(limiter, 20).splitlines()[0]
    assert first == "# reduse recommend --service mes-api, 1h to 1970-01-01T01:00:00Z: limit 20/s, burst 2 s"


@pytest.mark.parametrize("limiter", Limiter)
def test_no_name_of_a_service_ends_the_comment(limiter: Limiter) -> None:
    text = written(limiter, 20, observation(service="a\nb\u2028c;'\"{}"))
    assert len(text.splitlines()) == len(written(limiter, 20).splitlines())


@pytest.mark.parametrize("limiter", Limiter)
@pytest.mark.parametrize("header", ["", "x api", "x_api", 'x"', "x;}", "1x", "x\n"])
def test_what_is_no_header_is_refused(limiter: Limiter, header: str) -> None:
    with pytest.raises(ChoiceError, match="--header"):
        written(limiter, 20, header=header)


def test_nginx_has_the_rate_the_bucket_and_the_header() -> None:
    text = written(Limiter.NGINX, 20)
    assert "limit_req_zone $http_x_api_key zone=reduse_mes_api:10m rate=20r/s;\n" in text
    assert "limit_req zone=reduse_mes_api burst=39 nodelay;\n" in text


def test_nginx_has_rates_below_one_a_second_by_the_minute_and_no_burst_of_nothing() -> None:
    text = written(Limiter.NGINX, 0.5)
    assert "rate=30r/m;" in text
    assert "limit_req zone=reduse_mes_api nodelay;\n" in text


def test_nginx_has_room_for_the_users() -> None:
    assert "zone=reduse_mes_api:489m " in written(Limiter.NGINX, 20, observation(active=1_000_000))


@given(limits, bursts)
def test_nginx_is_as_strict_as_the_model_or_a_little_milder(limit: float, burst: float) -> None:
    rate, at_once = nginx(written(Limiter.NGINX, limit, observation(burst)))
    assert limit <= rate < limit + 1
    assert at_once == math.ceil(capacity(limit, burst))


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx on PATH")
@pytest.mark.parametrize("limit", [0.5, 20, 33.3])
def test_nginx_takes_it(tmp_path: Path, limit: float) -> None:
    configuration = tmp_path / "nginx.conf"
    http = written(Limiter.NGINX, limit)
    configuration.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{http}}}\n", encoding="utf-8")
    tried = subprocess.run(
        ["nginx", "-t", "-e", str(tmp_path / "log"), "-p", str(tmp_path), "-c", str(configuration)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr


def test_envoy_limits_each_value_of_the_header_and_enforces_it() -> None:
    config = envoy(written(Limiter.ENVOY, 20))
    assert config["@type"] == "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
    action = config["rate_limits"][0]["actions"][0]["request_headers"]
    (descriptor,) = config["descriptors"]
    assert action == {"header_name": "x-api-key", "descriptor_key": "user"}
    # Without a value it stands for every one.
    assert descriptor["entries"] == [{"key": "user"}]
    assert descriptor["token_bucket"] == {"max_tokens": 40, "tokens_per_fill": 20, "fill_interval": "1s"}
    # A bucket of all together would limit the anonymous too.
    assert "token_bucket" not in config
    for share in ("filter_enabled", "filter_enforced"):
        assert config[share]["default_value"] == {"numerator": 100, "denominator": "HUNDRED"}


def test_envoy_keeps_buckets_for_more_than_the_users_there_are() -> None:
    assert envoy(written(Limiter.ENVOY, 20))["max_dynamic_descriptors"] == 10_000
    assert envoy(written(Limiter.ENVOY, 20, observation(active=50_000)))["max_dynamic_descriptors"] == 100_000


@given(limits, bursts)
def test_envoy_is_exactly_as_strict_as_the_model_but_for_parts_of_a_token(limit: float, burst: float) -> None:
    (descriptor,) = envoy(written(Limiter.ENVOY, limit, observation(burst)))["descriptors"]
    bucket = descriptor["token_bucket"]
    seconds = int(bucket["fill_interval"].removesuffix("s"))
    assert Fraction(bucket["tokens_per_fill"], seconds) == Fraction(str(limit))
    assert bucket["max_tokens"] == math.ceil(capacity(limit, burst))


def test_a_header_that_yaml_would_read_as_something_else_stays_a_name() -> None:
    config = envoy(written(Limiter.ENVOY, 20, header="yes"))
    assert config["rate_limits"][0]["actions"][0]["request_headers"]["header_name"] == "yes"


@given(limits, bursts)
def test_slowapi_has_the_rate_in_a_window_of_the_burst(limit: float, burst: float) -> None:
    tree = ast.parse(written(Limiter.SLOWAPI, limit, observation(burst)))
    (call,) = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Limiter"]
    options = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    (text,) = ast.literal_eval(options["application_limits"])
    match = SLOWAPI_LIMIT.fullmatch(text)
    assert match is not None
    amount, seconds = int(match[1]), int(match[2])
    assert options["key_func"] == "user"
    assert options["strategy"] == "'moving-window'"
    assert seconds >= burst
    assert amount >= 1
    assert amount - 1 < Fraction(str(limit)) * seconds <= amount


def test_slowapi_is_python_and_knows_the_header() -> None:
    text = written(Limiter.SLOWAPI, 20)
    compile(text, "limit.py", "exec")
    assert 'request.headers.get("x-api-key", "")' in text
    assert '"40 per 2 seconds"' in text


POLICIES = parse_policies(
    "admin=* /partner/price/admin*;price=POST /partner/price,GET /partner/quotes/{id};"
    "files=GET /files/{name:path},GET /<path:rest>/<int(min=1,max=5):page>"
)
MINUTE_LIMIT = PolicyLimit(Limit(120, Period.MINUTE), 30)


def of_policy(limiter: Limiter, tried: PolicyLimit = MINUTE_LIMIT, name: str = "price") -> str:
    seen = replace(observation(), burst=None, policy=name)
    return snippet(limiter, seen, LimitEffect(tried, 0, 0, 0), "X-API-Key", POLICIES)


@pytest.mark.parametrize("limiter", Limiter)
def test_the_comment_names_the_policy_and_its_burst(limiter: Limiter) -> None:
    assert of_policy(limiter).splitlines()[0] == (
        "# reduse recommend --service mes-api --policy price, 1h to 1970-01-01T01:00:00Z: limit 120/minute, "
        "burst 30 requests"
    )


def test_a_policy_that_is_not_in_the_companys_file_has_no_snippet() -> None:
    with pytest.raises(ChoiceError, match="the company's file has no such policy"):
        of_policy(Limiter.NGINX, name="other")


def nginx_key(text: str, method: str, path: str) -> str:
    """What nginx takes the map's value from: the first expression that matches, in their order."""
    for pattern, value in re.findall(r'^    "~(.*)" (\S+);$', text, re.MULTILINE):
        if re.search(pattern, f"{method} {path}"):
            return str(value)
    return '""'


def test_nginx_limits_the_requests_under_the_policy_alone() -> None:
    text = of_policy(Limiter.NGINX)
    assert "limit_req_zone $reduse_mes_api_price zone=reduse_mes_api_price:10m rate=2r/s;\n" in text
    assert "limit_req zone=reduse_mes_api_price burst=29 nodelay;\n" in text
    limited = [("POST", "/partner/price"), ("GET", "/partner/quotes/7")]
    free = [("GET", "/partner/price"), ("GET", "/partner/quotes/7/8"), ("POST", "/partner/prices"), ("POST", "/x")]
    assert [nginx_key(text, *each) for each in limited] == ["$http_x_api_key"] * 2
    assert [nginx_key(text, *each) for each in free] == ['""'] * 4
    # Under the policy before it.
    assert nginx_key(text, "POST", "/partner/price/admin/x") == '""'


def test_paths_and_parameters_of_both_frameworks_are_told_apart() -> None:
    text = of_policy(Limiter.NGINX, name="files")
    for path in ("/files/a", "/files/a/b.txt", "/x/y/3"):
        assert nginx_key(text, "GET", path) == "$http_x_api_key"
    assert nginx_key(text, "POST", "/files/a") == '""'


def test_nginx_says_where_it_knows_no_rate_as_low() -> None:
    text = of_policy(Limiter.NGINX, PolicyLimit(Limit(8, Period.DAY), 8))
    assert "rate=1r/m;" in text
    assert "# nginx takes whole numbers by the minute: this rate is higher than the limit.\n" in text
    assert "higher than the limit" not in of_policy(Limiter.NGINX)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx on PATH")
@pytest.mark.parametrize("name", ["price", "files"])
def test_nginx_takes_a_policys(tmp_path: Path, name: str) -> None:
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{of_policy(Limiter.NGINX, name=name)}}}\n", encoding="utf-8"
    )
    tried = subprocess.run(
        ["nginx", "-t", "-e", str(tmp_path / "log"), "-p", str(tmp_path), "-c", str(configuration)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr


def test_envoy_gives_each_user_one_bucket_for_all_routes_of_a_policy() -> None:
    config = envoy(of_policy(Limiter.ENVOY))
    (descriptor,) = config["descriptors"]
    assert descriptor["entries"] == [{"key": "user"}, {"key": "policy", "value": "price"}]
    assert descriptor["token_bucket"] == {"max_tokens": 30, "tokens_per_fill": 2, "fill_interval": "1s"}
    found = {}
    for each in config["rate_limits"]:
        user, under = each["actions"]
        assert user == {"request_headers": {"header_name": "x-api-key", "descriptor_key": "user"}}
        match = under["header_value_match"]
        assert (match["descriptor_key"], match["descriptor_value"]) == ("policy", "price")
        method, path = match["headers"]
        found[method["string_match"]["exact"]] = path["string_match"]["safe_regex"]["regex"]
    assert re.fullmatch(found["POST"], "/partner/price?units=mm")
    assert not re.fullmatch(found["POST"], "/partner/prices")
    assert re.fullmatch(found["GET"], "/partner/quotes/7")
    any_method = envoy(of_policy(Limiter.ENVOY, name="admin"))["rate_limits"]
    assert [len(each["actions"][1]["header_value_match"]["headers"]) for each in any_method] == [1]


def test_slowapi_shares_a_limit_between_the_routes_of_a_policy() -> None:
    text = of_policy(Limiter.SLOWAPI)
    compile(text, "limit.py", "exec")
    assert 'price = limiter.shared_limit("30 per 15 seconds", scope="price")' in text
    assert "#   GET /partner/quotes/{id}\n" in text
    all_at_once = of_policy(Limiter.SLOWAPI, PolicyLimit(Limit(60, Period.MINUTE), 60))
    assert '"60 per 60 seconds"' in all_at_once
