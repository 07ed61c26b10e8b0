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
        "More bounds of the response times' histogram, in seconds, such as `0.3,2`: for objectives at any threshold.",
    ),
    DistroSetting(
        "REDUSE_TOKEN_FILE", "path", None, "A file with the token that the agent asks for; sent over TLS only."
    ),
    DistroSetting(
        "REDUSE_UNMEASURED",
        "say or quiet",
        "say",
        "Whether a line at the start names the databases, brokers and frameworks that are imported and not measured.",
    ),
    DistroSetting(
        "REDUSE_USER_ACCEPTED_STATUSES",
        "list",
        ",".join(DEFAULT_ACCEPTED_STATUSES),
        "Statuses of answers that show that the service believed who a header, token or cookie names.",
    ),
    DistroSetting(
        "REDUSE_USER_HASH_KEY",
        "text",
        None,
        "The key of the pseudonyms, at least 16 bytes; or REDUSE_USER_HASH_KEY_FILE.",
    ),
    DistroSetting("REDUSE_USER_HASH_KEY_FILE", "path", None, "A file with the key of the pseudonyms."),
    DistroSetting(
        "REDUSE_USER_LIMIT",
        "whole number",
        str(DEFAULT_USER_LIMIT),
        "Users whom one process tells apart between two exports; those beyond it count together.",
    ),
    DistroSetting(
        "REDUSE_USER_MODE",
        "hash or plain",
        DEFAULT_USER_MODE,
        "What goes out in the place of a user's id: its pseudonym, or the id itself.",
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
        "Patterns of routes that check no credentials: there a header, token or cookie names nobody.",
    ),
    DistroSetting(
        "REDUSE_USER_RESOLVERS",
        "list",
        ",".join(DEFAULT_USER_RESOLVERS),
        "How users are told apart, in the order in which it is tried, such as `authenticated,header:x-api-key`.",
    ),
    DistroSetting(
        "REDUSE_USER_ROUTES", "list", None, "Patterns of the routes whose users are counted; all when not given."
    ),
    DistroSetting(
        "REDUSE_USER_SHARDS",
        "whole number",
        str(DEFAULT_USER_SHARDS),
        "Parts that each export of users is split into by their pseudonyms, for processors that share a service's "
        "users; the same for all instances of a service.",
    ),
)
