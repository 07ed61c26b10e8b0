"""The distro's own settings: each environment variable once, with what it is for."""

from typing import NamedTuple

from reduse.distro.base.accepted_statuses import DEFAULT_ACCEPTED_STATUSES

DEFAULT_USER_LIMIT = 50_000
DEFAULT_USER_RESOLVERS = ("authenticated",)
DEFAULT_USER_MODE = "hash"
DEFAULT_USER_SHARDS = 1


class DistroSetting(NamedTuple):
    """`default` as one would write it; None where there is none."""

    name: str
    kind: str
    default: str | None
    help: str


DISTRO_SETTINGS: tuple[DistroSetting, ...] = (
    DistroSetting(
        "REDUSE_DURATION_BOUNDS",
        "list",
        None,
        "Additional bucket bounds of the response time histogram in seconds, such as `0.3,2`, for objectives with "
        "these thresholds.",
    ),
    DistroSetting("REDUSE_TOKEN_FILE", "path", None, "File with the token for the agent; it is sent over TLS only."),
    DistroSetting(
        "REDUSE_UNMEASURED",
        "say or quiet",
        "say",
        "Whether the log names, at the start, the imported databases, brokers and frameworks that are not measured.",
    ),
    DistroSetting(
        "REDUSE_USER_ACCEPTED_STATUSES",
        "list",
        ",".join(DEFAULT_ACCEPTED_STATUSES),
        "Response statuses that show that the service has accepted the credentials in a header, token or cookie.",
    ),
    DistroSetting(
        "REDUSE_USER_HASH_KEY",
        "text",
        None,
        "Key of the pseudonyms, at least 16 bytes; alternatively REDUSE_USER_HASH_KEY_FILE.",
    ),
    DistroSetting("REDUSE_USER_HASH_KEY_FILE", "path", None, "File with the key of the pseudonyms."),
    DistroSetting(
        "REDUSE_USER_LIMIT",
        "whole number",
        str(DEFAULT_USER_LIMIT),
        "Maximum number of users per process between two exports; further users are counted together.",
    ),
    DistroSetting(
        "REDUSE_USER_MODE",
        "hash or plain",
        DEFAULT_USER_MODE,
        "Send the pseudonym of a user (hash) or the user id itself (plain).",
    ),
    DistroSetting(
        "REDUSE_USER_POLICIES",
        "list",
        None,
        "Groups of routes whose users are counted apart, at most 8, such as `price=POST /price;jobs=* /jobs*`.",
    ),
    DistroSetting(
        "REDUSE_USER_PUBLIC_ROUTES",
        "list",
        None,
        "Patterns of routes that do not check credentials: a header, token or cookie identifies nobody there.",
    ),
    DistroSetting(
        "REDUSE_USER_RESOLVERS",
        "list",
        ",".join(DEFAULT_USER_RESOLVERS),
        "Ways to identify a user, in the order in which they are tried, such as `authenticated,header:x-api-key`.",
    ),
    DistroSetting(
        "REDUSE_USER_ROUTES", "list", None, "Patterns of the routes whose users are counted; all by default."
    ),
    DistroSetting(
        "REDUSE_USER_SHARDS",
        "whole number",
        str(DEFAULT_USER_SHARDS),
        "Number of shards into which each export of per-user data is split, for processors that share the users of a "
        "service; must be the same for all instances of a service.",
    ),
)
