"""The recommended limit as configuration of a limiter.

Numbers that a limiter takes only whole are rounded up: nobody is to be refused whom the model let through. A request
without the header has no user, and is not limited; nor is it in the model.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from keyword import iskeyword

from reduse.duration import text
from reduse.limit import PolicyLimit
from reduse.policies import ANY_METHOD, Endpoint
from reduse.policies import Policy as ListedPolicy
from reduse.recommendation.errors import ChoiceError
from reduse.recommendation.observation import LimitEffect, Observation, written
from reduse.recommendation.route_pattern import path_pattern
from reduse.what_if.limiter import moving_window

# nginx keeps a state of 128 bytes for each key of a common length; twice that, and no less than its users expect.
NGINX_STATE_BYTES = 256
NGINX_MEGABYTES = 10
# Envoy gives up the bucket of the user unseen for longest beyond so many; its own default is 20.
ENVOY_BUCKETS = 10_000
UINT32 = 2**32 - 1

# From so much on, a rate that nginx takes only whole is said to be milder.
NGINX_MILDER = 1.05

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class Limiter(StrEnum):
    """What there is a snippet for."""

    NGINX = "nginx"
    ENVOY = "envoy"
    SLOWAPI = "slowapi"


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a limiter is to do for each user: `rate` in requests a second, `capacity` in requests at once.

    `users` are those active in an hour; `origin` tells where the figures come from. Of a `policy`, `endpoints` are what
    is under it, and `before` what is under those before it.
    """

    service: str
    rate: Fraction
    burst: Fraction
    capacity: Fraction
    users: int
    header: str
    origin: str
    policy: str = ""
    endpoints: Sequence[Endpoint] = ()
    before: Sequence[Endpoint] = ()

    @property
    def scope(self) -> str:
        """What is limited by it, as a name: the service, or the policy of it."""
        return _NOT_IN_NAMES.sub("_", f"reduse_{self.service}{'_' if self.policy else ''}{self.policy}".lower())


def snippet(
    limiter: Limiter, seen: Observation, effect: LimitEffect, header: str, policies: Sequence[ListedPolicy] = ()
) -> str:
    """Configuration that limits each user, known by the request header, to `effect.limit`.

    Args:
        limiter: for what it is.
        seen: what was observed, of a service or of a policy of it.
        effect: the limit that was chosen.
        header: the name of the header.
        policies: of the service in their order, where the limit is one of a policy.

    Raises:
        ChoiceError: `header` is not the name of a header, or it is not known what is under the policy.
    """
    if _HEADER.fullmatch(header) is None:
        raise ChoiceError(f"--header {header}: must be the name of a header: letters, digits and dashes.")
    rate, capacity = _figures(seen, effect)
    end = datetime.fromtimestamp(seen.end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    under = f" --policy {seen.policy}" if seen.policy else ""
    burst = f"{seen.bucket(effect):g} requests" if seen.burst is None else f"{seen.burst:g} s"
    origin = (
        f"reduse recommend --service {_one_line(seen.service)}{under}, {text(seen.window)} to {end}: "
        f"limit {written(effect.tried)}, burst {burst}"
    )
    bucket = Bucket(seen.service, rate, capacity / rate, capacity, seen.active, header.lower(), origin)
    if seen.policy:
        names = [policy.name for policy in policies]
        if seen.policy not in names:
            raise ChoiceError(
                f"--snippet: what is under the policy {seen.policy} of {seen.service} is not known, as the company's "
                "file has no such policy."
            )
        own = names.index(seen.policy)
        before = [endpoint for policy in policies[:own] for endpoint in policy.endpoints]
        bucket = replace(bucket, policy=seen.policy, endpoints=policies[own].endpoints, before=before)
    return _WRITERS[limiter](bucket)


def _figures(seen: Observation, effect: LimitEffect) -> tuple[Fraction, Fraction]:
    """Requests a second, and at once. As written in labels: 0.1 is a tenth, not the nearest binary fraction."""
    if isinstance(effect.tried, PolicyLimit):
        limit, burst = effect.tried
        return Fraction(f"{limit.requests:g}") / limit.period, Fraction(f"{burst:g}")
    rate = Fraction(f"{effect.tried:g}")
    return rate, max(Fraction(1), rate * Fraction(f"{seen.burst:g}"))


def _nginx(bucket: Bucket) -> str:
    whole = bucket.rate.denominator == 1
    by_minute = math.ceil(bucket.rate * 60)
    rate = f"{bucket.rate}r/s" if whole else f"{by_minute}r/m"
    zone = bucket.scope
    megabytes = max(NGINX_MEGABYTES, math.ceil(2 * bucket.users * NGINX_STATE_BYTES / 2**20))
    capacity = math.ceil(bucket.capacity)
    burst = f" burst={capacity - 1}" if capacity > 1 else ""
    header = f"$http_{bucket.header.replace('-', '_')}"
    milder = not whole and by_minute > NGINX_MILDER * bucket.rate * 60
    return f"""\
# {bucket.origin}
{"# nginx takes whole numbers by the minute: this rate is higher than the limit." + chr(10) if milder else ""}\
# In the http block:
{_nginx_map(bucket, header) if bucket.policy else ""}\
limit_req_zone {f"${zone}" if bucket.policy else header} zone={zone}:{megabytes}m rate={rate};
limit_req_status 429;
# In the http, server or location block. nginx lets burst + 1 requests through at once: {capacity}.
limit_req zone={zone}{burst} nodelay;
"""


def _nginx_map(bucket: Bucket, header: str) -> str:
    """Who is limited, by method and path; nobody is by an empty name."""
    lines = [
        *(f'    "{_nginx_pattern(endpoint)}" "";' for endpoint in bucket.before),
        *(f'    "{_nginx_pattern(endpoint)}" {header};' for endpoint in bucket.endpoints),
    ]
    return "\n".join([f'map "$request_method $uri" ${bucket.scope} {{', '    default "";', *lines, "}\n"])


def _nginx_pattern(endpoint: Endpoint) -> str:
    method = "[^ ]+" if endpoint.method == ANY_METHOD else endpoint.method
    return f"~^{method} {path_pattern(endpoint.route)}$".replace('"', '\\"')


def _envoy(bucket: Bucket) -> str:
    return f"""\
# {bucket.origin}
# An element of http_filters, before the router; Envoy 1.34 or later. Buckets are kept by each Envoy for itself.
- name: envoy.filters.http.local_ratelimit
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
    stat_prefix: reduse
    filter_enabled:
      default_value: {{numerator: 100, denominator: HUNDRED}}
    filter_enforced:
      default_value: {{numerator: 100, denominator: HUNDRED}}
    rate_limits:
{_envoy_actions(bucket)}\
    # The users with a bucket of their own; beyond it who was unseen for longest begins with a full one.
    max_dynamic_descriptors: {max(ENVOY_BUCKETS, 2 * bucket.users)}
    descriptors:
      - entries:
          # No value: a bucket for each.
          - key: user
{f"          - {{key: policy, value: {bucket.policy}}}" + chr(10) if bucket.policy else ""}\
        token_bucket:
          max_tokens: {min(math.ceil(bucket.capacity), UINT32)}
          tokens_per_fill: {bucket.rate.numerator}
          fill_interval: {bucket.rate.denominator}s
"""


def _envoy_actions(bucket: Bucket) -> str:
    """One for each method of a policy: its paths are in one expression, so that a request counts once."""
    user = f'          - request_headers: {{header_name: "{bucket.header}", descriptor_key: user}}\n'
    if not bucket.policy:
        return f"      - actions:\n{user}"
    paths: dict[str, list[str]] = {}
    for endpoint in bucket.endpoints:
        paths.setdefault(endpoint.method, []).append(path_pattern(endpoint.route))
    made = ""
    for method, patterns in paths.items():
        # The path has the query in it.
        expression = json.dumps(rf"(?:{'|'.join(patterns)})(?:\?.*)?", ensure_ascii=False)
        named = (
            ""
            if method == ANY_METHOD
            else f"""\
                - name: ":method"
                  string_match: {{exact: {method}}}
"""
        )
        made += f"""\
      - actions:
{user}\
          - header_value_match:
              descriptor_key: policy
              descriptor_value: {bucket.policy}
              headers:
{named}\
                - name: ":path"
                  string_match: {{safe_regex: {{regex: {expression}}}}}
"""
    return made


def _slowapi(bucket: Bucket) -> str:
    window = moving_window(bucket.rate, bucket.capacity)
    amount = f"{window.requests} per {window.seconds} seconds"
    if bucket.policy:
        return _slowapi_policy(bucket, amount)
    return f'''\
# {bucket.origin}
# slowapi has no token bucket. Nearest is a moving window: who spends it at once waits until it has passed.
from fastapi import FastAPI, Request
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.middleware import SlowAPIMiddleware


def user(request: Request) -> str:
    """Who is limited; slowapi does not limit a request whose key is empty."""
    return request.headers.get("{bucket.header}", "")


# Counted over all routes. Name a storage_uri (redis://...) when there is more than one worker: each has its own memory.
limiter = Limiter(key_func=user, application_limits=["{amount}"], strategy="moving-window")

app = FastAPI()
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
app.add_middleware(SlowAPIMiddleware)
'''


def _slowapi_policy(bucket: Bucket, amount: str) -> str:
    under = "\n".join(f"#   {_one_line(str(endpoint))}" for endpoint in bucket.endpoints)
    name = _NOT_IN_NAMES.sub("_", bucket.policy)
    limit = name if name.isidentifier() and not iskeyword(name) else f"policy_{name}"
    return f'''\
# {bucket.origin}
# slowapi has no token bucket. Nearest is a moving window: who spends it at once waits until it has passed.
from fastapi import FastAPI, Request
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded


def user(request: Request) -> str:
    """Who is limited; slowapi does not limit a request whose key is empty."""
    return request.headers.get("{bucket.header}", "")


# Name a storage_uri (redis://...) when there is more than one worker: each has its own memory.
limiter = Limiter(key_func=user, strategy="moving-window")
{limit} = limiter.shared_limit("{amount}", scope="{bucket.policy}")

app = FastAPI()
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)

# Write @{limit} below the decorator of each of these routes, whose functions take `request: Request`. All count as one.
{under}
'''


def _one_line(name: str) -> str:
    """A name of a service may have any character; a comment ends with its line."""
    return re.sub(r"[^ -~]", "?", name)


_WRITERS: Mapping[Limiter, Callable[[Bucket], str]] = {
    Limiter.NGINX: _nginx,
    Limiter.ENVOY: _envoy,
    Limiter.SLOWAPI: _slowapi,
}
