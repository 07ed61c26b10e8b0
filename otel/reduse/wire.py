"""The per-user stream: the names and values by which a service says who sent how much, and a processor reads it.

The stream is one metric: a histogram without bounds, so that a point is a count of requests and a sum of seconds, of
one user between two exports of one process. A point has the user's attribute, and those of the policy that the
requests were under and of their being throttled where that is so: each request is in one point. A point without any
attribute is of all requests whose user is not known, and it ends an export. Both sides import this; it imports neither.
"""

import hmac
import re
from typing import NamedTuple
from urllib.parse import quote

METRIC = "reduse.user.request.duration"
DESCRIPTION = "Duration of HTTP server requests by user."
UNIT = "s"

# opentelemetry-proto, metrics.proto, `AggregationTemporality`: a point counts what was since the point before.
DELTA = 1

# The attribute of a user (semantic conventions, registry "user"): a pseudonym, or the id as it is.
USER_HASH = "user.hash"
USER_ID = "user.id"
# True on the point that sums the users beyond what a process tells apart (SDK specification, "Cardinality limits").
OVERFLOW_MARK = "otel.metric.overflow"

HASH_DIGITS = 16

# The policy that the requests of a user's point were under: a named group of routes. Without it: under none.
POLICY = "reduse.policy"
MOST_POLICIES = 8
LONGEST_POLICY_NAME = 32
POLICY_NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{LONGEST_POLICY_NAME - 1}}}")
# The requests of a user's point were throttled, answered with 429 (semantic conventions, registry "http"). No other
# value of it is in the stream.
STATUS_CODE = "http.response.status_code"
THROTTLED = 429


class RequestClass(NamedTuple):
    """What requests of a user are told apart by: the name of the policy that they were under, "" for none, and whether
    they were throttled."""

    policy: str = ""
    throttled: bool = False


# What nearly all requests are.
PLAIN = RequestClass()

# How the user of a request is known: the values of the attribute `identity` of what is derived from the stream.
IDENTITY = "identity"
IDENTIFIED, ANONYMOUS, OVERFLOW = "user", "anonymous", "overflow"

# The header, or gRPC metadata, of a request with points of this metric: whose shard they are of. Whoever hands requests
# on can keep each shard's together by it, and need not look into them.
SHARD_HEADER = "x-reduse-shard"
MOST_SHARDS = 256
_SHARD_NUMBER = re.compile(rb"#([0-9]{1,3})/([0-9]{1,3})\Z")


def shard_of(pseudonym: str, shards: int) -> int:
    """The number of a user's shard, from 0 on: by the first 16 bits of the hash, in ranges of equal size.

    A user's shard is the same in every instance of a service, and twice as many shards are halves of these.
    """
    return int(pseudonym[:4], 16) * shards >> 16


def shard_key(namespace: str, name: str, shard: int, shards: int) -> str:
    """The value of SHARD_HEADER: the service, percent-encoded as in a path, the number of the shard, and how many
    there are."""
    service = f"{namespace}/{name}" if namespace else name
    return f"{quote(service)}#{shard}/{shards}"


class ShardNumber(NamedTuple):
    """Which of how many shards, from 0 on."""

    number: int
    shards: int


WHOLE = ShardNumber(0, 1)


def shard_number(key: bytes) -> ShardNumber:
    """What `shard_key` says of a shard; of any other key that what has it is the only shard."""
    found = _SHARD_NUMBER.search(key)
    if found is None:
        return WHOLE
    number, shards = map(int, found.groups())
    return ShardNumber(number, shards) if number < shards <= MOST_SHARDS else WHOLE


def user_hash(key: bytes, user_id: str) -> str:
    """The first 16 lower-case hex digits of HMAC-SHA-256(key, user_id).

    The id is taken as UTF-8. Bytes that are none come through unchanged when they were decoded with
    `surrogateescape`, as headers here and command-line arguments are. Any other lone surrogate, as JSON can have
    them, is taken for three bytes: no id is refused.
    """
    try:
        encoded = user_id.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        encoded = user_id.encode("utf-8", "surrogatepass")
    return hmac.digest(key, encoded, "sha256").hex()[:HASH_DIGITS]
