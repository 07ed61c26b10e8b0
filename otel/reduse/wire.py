"""The per-user stream: the names and values by which a service says who sent how much, and a processor reads it.

The stream is one metric: a histogram without bounds, so that a point is a count of requests and a sum of seconds, of
one user between two exports of one process. A point has one attribute, the user's; a point without any is of all
requests whose user is not known, and it ends an export. Both sides import this; it imports neither.
"""

import hmac

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

# How the user of a request is known: the values of the attribute `identity` of what is derived from the stream.
IDENTITY = "identity"
IDENTIFIED, ANONYMOUS, OVERFLOW = "user", "anonymous", "overflow"


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
