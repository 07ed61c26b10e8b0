"""The recommended limit as configuration of a limiter.

Numbers that a limiter takes only whole are rounded up: nobody is to be refused whom the model let through. A request
without the header has no user, and is not limited; nor is it in the model.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction

from reduse.recommendation.duration import text
from reduse.recommendation.errors import ChoiceError
from reduse.recommendation.observation import LimitEffect, Observation

# nginx keeps a state of 128 bytes for each key of a common length; twice that, and no less than its users expect.
NGINX_STATE_BYTES = 256
NGINX_MEGABYTES = 10
# Envoy gives up the bucket of the user unseen for longest beyond so many; its own default is 20.
ENVOY_BUCKETS = 10_000
UINT32 = 2**32 - 1

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class Limiter(StrEnum):
    """What there is a snippet for."""

    NGINX = "nginx"
    ENVOY = "envoy"
    SLOWAPI = "slowapi"


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a limiter is to do for each user: `rate` in requests a second, `capacity` in requests at once.

    `users` are those active in an hour; `origin` tells where the figures come from.
    """

    service: str
    rate: Fraction
    burst: Fraction
    capacity: Fraction
    users: int
    header: str
    origin: str


def snippet(limiter: Limiter, seen: Observation, effect: LimitEffect, header: str) -> str:
    """Configuration that limits each user, known by the request header, to `effect.limit`.

    Raises:
        ChoiceError: `header` is not the name of a header.
    """
    if _HEADER.fullmatch(header) is None:
        raise ChoiceError(f"--header {header}: must be the name of a header: letters, digits and dashes.")
    # As written in the label: 0.1 is a tenth, not the nearest binary fraction.
    rate, burst = Fraction(f"{effect.limit:g}"), Fraction(f"{seen.burst:g}")
    end = datetime.fromtimestamp(seen.end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    origin = (
        f"reduse recommend --service {_one_line(seen.service)}, {text(seen.window)} to {end}: "
        f"limit {effect.limit:g}/s, burst {seen.burst:g} s"
    )
    capacity = max(Fraction(1), rate * burst)
    return _WRITERS[limiter](Bucket(seen.service, rate, burst, capacity, seen.active, header.lower(), origin))


def _nginx(bucket: Bucket) -> str:
    rate = f"{bucket.rate}r/s" if bucket.rate.denominator == 1 else f"{math.ceil(bucket.rate * 60)}r/m"
    zone = "reduse_" + re.sub(r"[^a-z0-9]+", "_", bucket.service.lower())
    megabytes = max(NGINX_MEGABYTES, math.ceil(2 * bucket.users * NGINX_STATE_BYTES / 2**20))
    capacity = math.ceil(bucket.capacity)
    burst = f" burst={capacity - 1}" if capacity > 1 else ""
    return f"""\
# {bucket.origin}
# In the http block:
limit_req_zone $http_{bucket.header.replace("-", "_")} zone={zone}:{megabytes}m rate={rate};
limit_req_status 429;
# In the http, server or location block. nginx lets burst + 1 requests through at once: {capacity}.
limit_req zone={zone}{burst} nodelay;
"""


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
      - actions:
          - request_headers: {{header_name: "{bucket.header}", descriptor_key: user}}
    # The users with a bucket of their own; beyond it who was unseen for longest begins with a full one.
    max_dynamic_descriptors: {max(ENVOY_BUCKETS, 2 * bucket.users)}
    descriptors:
      - entries:
          # No value: a bucket for each.
          - key: user
        token_bucket:
          max_tokens: {min(math.ceil(bucket.capacity), UINT32)}
          tokens_per_fill: {bucket.rate.numerator}
          fill_interval: {bucket.rate.denominator}s
"""


def _slowapi(bucket: Bucket) -> str:
    # At least one request in it, and whole seconds.
    seconds = math.ceil(max(bucket.burst, 1 / bucket.rate))
    amount = math.ceil(bucket.rate * seconds)
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
limiter = Limiter(key_func=user, application_limits=["{amount} per {seconds} seconds"], strategy="moving-window")

app = FastAPI()
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
app.add_middleware(SlowAPIMiddleware)
'''


def _one_line(name: str) -> str:
    """A name of a service may have any character; a comment ends with its line."""
    return re.sub(r"[^ -~]", "?", name)


_WRITERS: Mapping[Limiter, Callable[[Bucket], str]] = {
    Limiter.NGINX: _nginx,
    Limiter.ENVOY: _envoy,
    Limiter.SLOWAPI: _slowapi,
}
