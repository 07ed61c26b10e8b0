"""What the distro reads from the environment, checked once, before anything is measured."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from reduse.distro.base.accepted_statuses import ACCEPTED_STATUSES, accepted_statuses
from reduse.distro.base.accepted_statuses import SETTING as ACCEPTED_SETTING
from reduse.distro.base.duration_bounds import SETTING as BOUNDS_SETTING
from reduse.distro.base.duration_bounds import duration_bounds
from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS, KNOWN_METHODS
from reduse.distro.base.settings_table import (
    DEFAULT_USER_LIMIT,
    DEFAULT_USER_MODE,
    DEFAULT_USER_RESOLVERS,
    DEFAULT_USER_SHARDS,
    DISTRO_SETTINGS,
)
from reduse.distro.base.user_routes import PUBLIC_SETTING, check_pattern
from reduse.policies import ANY_METHOD, Policy, parse_policies
from reduse.wire import MOST_SHARDS, USER_HASH, USER_ID

SHORTEST_KEY_BYTES = 16

# Set where the deployment set nothing. One second: the interval is the main part of a value's age.
# The short OTLP timeout keeps an agent that is away from holding up the next attempt.
DEFAULTS: Mapping[str, str] = {
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    "OTEL_SEMCONV_STABILITY_OPT_IN": "http,database",
    "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "3",
}

USER_SETTINGS = frozenset(setting.name for setting in DISTRO_SETTINGS if setting.name.startswith("REDUSE_USER_"))

_NO_USERS_IN_A_SCRAPE = (
    "OTEL_METRICS_EXPORTER=prometheus: requests are not counted by user, for which metrics must be pushed to an agent"
)

_NUMBERS = (
    ("OTEL_METRIC_EXPORT_INTERVAL", "milliseconds", "1000"),
    ("OTEL_METRIC_EXPORT_TIMEOUT", "milliseconds", "30000"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "seconds", "10"),
    ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "seconds", "3"),
)


class UserMode(StrEnum):
    """Send the pseudonym of a user (hash) or the user id itself (plain)."""

    HASH = "hash"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Settings:
    """The distro's own configuration.

    Without a key no pseudonym can be made that several workers agree on, so in the mode ``HASH`` a
    ``user_hash_key`` of None means that all requests count as unidentified. ``user_resolvers`` are names with their
    arguments, in the order in which they are asked; no ``user_routes`` means all routes. Claims count where
    the answer has one of ``user_accepted_statuses`` and the route is none of ``user_public_routes``. A request is under
    the first of ``user_policies`` that it matches.
    ``duration_bounds`` are those of the response times' buckets, in seconds.
    ``exemplars``: points name spans, which OTEL_METRICS_EXEMPLAR_FILTER can switch off; `always_on` has none to add.
    """

    user_hash_key: bytes | None
    user_mode: UserMode
    user_resolvers: tuple[str, ...]
    user_routes: tuple[str, ...]
    user_limit: int
    known_methods: frozenset[str]
    tracing: bool
    exemplars: bool = False
    scraped: bool = False
    duration_bounds: tuple[float, ...] = DURATION_BOUNDS
    user_public_routes: tuple[str, ...] = ()
    user_accepted_statuses: frozenset[int] = ACCEPTED_STATUSES
    user_shards: int = DEFAULT_USER_SHARDS
    user_policies: tuple[Policy, ...] = ()

    @property
    def user_attribute(self) -> str:
        """The attribute that carries the user (semantic conventions, registry "user")."""
        return USER_ID if self.user_mode is UserMode.PLAIN else USER_HASH

    @property
    def user_notice(self) -> str | None:
        """What whoever starts the service should know about its users, a line; None when all is as usual."""
        if self.scraped:
            wanted = self.user_hash_key is not None or self.user_mode is UserMode.PLAIN
            return _NO_USERS_IN_A_SCRAPE if wanted else None
        if self.user_mode is UserMode.PLAIN:
            return "REDUSE_USER_MODE=plain: the ids of users leave this service as they are"
        if self.user_hash_key is None:
            return (
                "neither REDUSE_USER_HASH_KEY nor REDUSE_USER_HASH_KEY_FILE is set: all requests count as unidentified"
            )
        return None

    def without_users(self) -> "Settings":
        """The same settings, with all requests unidentified."""
        return replace(self, user_hash_key=None, user_mode=UserMode.HASH)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check the settings.

        Raises:
            ConfigurationError: a setting is unknown, unreadable, of the wrong type, or lacks another one.
        """
        _refuse_unknown(environment)
        _check_numbers(environment)
        key = hash_key(environment)
        mode = _user_mode(environment)
        tracing = environment.get("OTEL_TRACES_EXPORTER", "none").strip().lower() not in ("", "none")
        resolvers = _listed(environment, "REDUSE_USER_RESOLVERS")
        if resolvers and key is None and mode is UserMode.HASH:
            raise ConfigurationError(
                "REDUSE_USER_RESOLVERS is set but there is no key for pseudonyms: "
                "set REDUSE_USER_HASH_KEY_FILE to a file with a secret of the deployment"
            )
        known_methods = _known_methods(environment)
        return cls(
            user_hash_key=key,
            user_mode=mode,
            user_resolvers=resolvers or DEFAULT_USER_RESOLVERS,
            user_routes=tuple(map(check_pattern, _listed(environment, "REDUSE_USER_ROUTES"))),
            user_limit=_user_limit(environment),
            user_shards=_user_shards(environment, mode),
            user_policies=_user_policies(environment, known_methods),
            known_methods=known_methods,
            tracing=tracing,
            exemplars=tracing and environment.get("OTEL_METRICS_EXEMPLAR_FILTER", "").strip().lower() != "always_off",
            scraped=environment.get("OTEL_METRICS_EXPORTER", "").strip() == "prometheus",
            duration_bounds=duration_bounds(environment.get(BOUNDS_SETTING, "")),
            user_public_routes=tuple(
                check_pattern(pattern, PUBLIC_SETTING) for pattern in _listed(environment, PUBLIC_SETTING)
            ),
            user_accepted_statuses=accepted_statuses(_listed(environment, ACCEPTED_SETTING)) or ACCEPTED_STATUSES,
        )


def set_defaults(environment: MutableMapping[str, str]) -> None:
    """Fill in the OpenTelemetry settings that the deployment left unset; what it set is kept."""
    for name, value in DEFAULTS.items():
        if name == "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT" and environment.get("OTEL_EXPORTER_OTLP_TIMEOUT"):
            continue
        if not environment.get(name):
            environment[name] = value


def hash_key(environment: Mapping[str, str]) -> bytes | None:
    """The key of the pseudonyms, from REDUSE_USER_HASH_KEY or the file REDUSE_USER_HASH_KEY_FILE; None if unset.

    White space around the key is not part of it, so that a file may end with a newline.

    Raises:
        ConfigurationError: both are set, the file cannot be read, or the key is too short.
    """
    key = environment.get("REDUSE_USER_HASH_KEY")
    path = environment.get("REDUSE_USER_HASH_KEY_FILE")
    if key is not None and path is not None:
        raise ConfigurationError("REDUSE_USER_HASH_KEY and REDUSE_USER_HASH_KEY_FILE are both set: unset one")
    if path is not None:
        return key_in(path)
    if key is not None:
        return _long_enough(key.strip().encode("utf-8", "surrogateescape"), "REDUSE_USER_HASH_KEY")
    return None


def key_in(path: str) -> bytes:
    """The key of the pseudonyms in a file that REDUSE_USER_HASH_KEY_FILE names.

    Raises:
        ConfigurationError: the file cannot be read, or the key is too short.
    """
    try:
        return _long_enough(Path(path).read_bytes().strip(), "REDUSE_USER_HASH_KEY_FILE")
    except OSError as error:
        raise ConfigurationError(
            f"REDUSE_USER_HASH_KEY_FILE={path} cannot be read ({error.strerror}): "
            "name a file that this process may read"
        ) from error


def _long_enough(key: bytes, setting: str) -> bytes:
    if len(key) < SHORTEST_KEY_BYTES:
        raise ConfigurationError(
            f"{setting} contains a key of {len(key)} bytes: use at least {SHORTEST_KEY_BYTES} random bytes"
        )
    return key


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    for name in sorted(environment):
        if name.startswith("REDUSE_USER_") and name not in USER_SETTINGS:
            raise ConfigurationError(f"{name} is not a setting: use one of {', '.join(sorted(USER_SETTINGS))}")
        if name.startswith("REDUSE_DURATION_") and name != BOUNDS_SETTING:
            raise ConfigurationError(f"{name} is not a setting: use {BOUNDS_SETTING}")


def _listed(environment: Mapping[str, str], setting: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environment.get(setting, "").split(",") if part.strip())


def _user_mode(environment: Mapping[str, str]) -> UserMode:
    text = environment.get("REDUSE_USER_MODE", "").strip() or DEFAULT_USER_MODE
    try:
        return UserMode(text)
    except ValueError:
        raise ConfigurationError(f"REDUSE_USER_MODE={text!r} is not a mode: use {' or '.join(UserMode)}") from None


def _user_limit(environment: Mapping[str, str]) -> int:
    text = environment.get("REDUSE_USER_LIMIT", str(DEFAULT_USER_LIMIT))
    try:
        limit = int(text)
    except ValueError:
        limit = 0
    if limit < 1:
        raise ConfigurationError(
            f"REDUSE_USER_LIMIT={text!r} is not a whole number of users, 1 or more: "
            f"use e.g. {DEFAULT_USER_LIMIT} or leave it unset"
        )
    return limit


def _user_shards(environment: Mapping[str, str], mode: UserMode) -> int:
    text = environment.get("REDUSE_USER_SHARDS", str(DEFAULT_USER_SHARDS))
    try:
        shards = int(text)
    except ValueError:
        shards = 0
    if not 1 <= shards <= MOST_SHARDS:
        raise ConfigurationError(
            f"REDUSE_USER_SHARDS={text!r} is not a whole number of shards from 1 to {MOST_SHARDS}: "
            "use e.g. 8, the same for all instances of the service, or leave it unset"
        )
    if shards > 1 and mode is UserMode.PLAIN:
        raise ConfigurationError(
            f"REDUSE_USER_SHARDS={shards} needs pseudonyms, and REDUSE_USER_MODE=plain sends none: unset one of them"
        )
    return shards


def _user_policies(environment: Mapping[str, str], known_methods: frozenset[str]) -> tuple[Policy, ...]:
    try:
        policies = parse_policies(environment.get("REDUSE_USER_POLICIES", ""))
    except ValueError as error:
        raise ConfigurationError(f"REDUSE_USER_POLICIES: {error}") from None
    methods = {endpoint.method for policy in policies for endpoint in policy.endpoints}
    unknown = sorted(methods - known_methods - {ANY_METHOD})
    if unknown:
        raise ConfigurationError(
            f"REDUSE_USER_POLICIES: the method {unknown[0]} is never reported by its name: "
            f"use * or one of {', '.join(sorted(known_methods))}"
        )
    return policies


def _check_numbers(environment: Mapping[str, str]) -> None:
    # The SDK takes a minute for a wrong interval, an error without a name for a wrong timeout, and of a timeout of 0 it
    # never collects anything.
    for name, unit, example in _NUMBERS:
        text = environment.get(name) or example
        try:
            number = float(text)
        except ValueError:
            number = 0
        if not 0 < number < float("inf"):
            raise ConfigurationError(f"{name}={text!r} is not a number of {unit} above 0: use e.g. {example}")


def _known_methods(environment: Mapping[str, str]) -> frozenset[str]:
    names = environment.get("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "")
    methods = frozenset(name.strip() for name in names.split(",") if name.strip())
    return methods or KNOWN_METHODS
