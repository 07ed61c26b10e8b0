"""Settings are read once, with defaults, and each mistake is one line that names the setting."""

from pathlib import Path

import pytest

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.distro.base.settings import DEFAULTS, Settings, UserMode, set_defaults
from reduse.distro.base.settings_table import DEFAULT_USER_LIMIT

KEY = "0123456789abcdef"


def test_nothing_set_means_no_key_the_authenticated_user_and_the_default_limit() -> None:
    settings = Settings.from_environment({})
    assert settings.user_hash_key is None
    assert settings.user_mode is UserMode.HASH
    assert settings.user_resolvers == ("authenticated",)
    assert settings.user_routes == ()
    assert settings.user_limit == DEFAULT_USER_LIMIT
    assert not settings.tracing
    assert settings.duration_bounds == DURATION_BOUNDS


def test_resolvers_and_routes_are_lists() -> None:
    settings = Settings.from_environment(
        {
            "REDUSE_USER_RESOLVERS": "authenticated, header:X-API-Key ,",
            "REDUSE_USER_ROUTES": "/plain, /api/v1/*",
            "REDUSE_USER_HASH_KEY": KEY,
        }
    )
    assert settings.user_resolvers == ("authenticated", "header:X-API-Key")
    assert settings.user_routes == ("/plain", "/api/v1/*")


def test_policies_are_read_and_their_methods_are_ones_that_are_reported() -> None:
    settings = Settings.from_environment({"REDUSE_USER_POLICIES": "price=POST /price;jobs=* /jobs*"})
    assert [policy.name for policy in settings.user_policies] == ["price", "jobs"]
    assert Settings.from_environment({}).user_policies == ()
    known = {"OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS": "GET,BREW"}
    assert Settings.from_environment(known | {"REDUSE_USER_POLICIES": "a=BREW /"}).user_policies


@pytest.mark.parametrize("text", ["price", "price=/price", "a=BREW /price", "a=GET /a;a=GET /b", "A=GET /a"])
def test_a_mistake_in_the_policies_is_said_with_the_setting(text: str) -> None:
    with pytest.raises(ConfigurationError, match="REDUSE_USER_POLICIES: "):
        Settings.from_environment({"REDUSE_USER_POLICIES": text})


def test_an_empty_setting_is_an_unset_one() -> None:
    empty = dict.fromkeys(
        ("REDUSE_USER_RESOLVERS", "REDUSE_USER_ROUTES", "REDUSE_USER_MODE", "REDUSE_USER_POLICIES"), ""
    )
    assert Settings.from_environment(empty) == Settings.from_environment({})


def test_plain_mode_needs_no_key_and_says_what_it_means() -> None:
    plain = Settings.from_environment({"REDUSE_USER_MODE": "plain", "REDUSE_USER_RESOLVERS": "client"})
    assert plain.user_hash_key is None
    assert plain.user_attribute == "user.id"
    assert "leave this service" in (plain.user_notice or "")


def test_with_a_key_there_is_nothing_to_say() -> None:
    hashed = Settings.from_environment({"REDUSE_USER_HASH_KEY": KEY})
    assert hashed.user_attribute == "user.hash"
    assert hashed.user_notice is None


def test_a_key_file_may_end_with_a_newline(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    assert Settings.from_environment({"REDUSE_USER_HASH_KEY_FILE": str(file)}).user_hash_key == KEY.encode()


def test_known_methods_are_replaced_by_the_standard_variable() -> None:
    settings = Settings.from_environment({"OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS": "GET, BREW"})
    assert settings.known_methods == {"GET", "BREW"}


@pytest.mark.parametrize(
    ("environment", "setting"),
    [
        ({"REDUSE_USER_LIMIT": "0"}, "REDUSE_USER_LIMIT"),
        ({"REDUSE_USER_LIMIT": "1.5"}, "REDUSE_USER_LIMIT"),
        ({"REDUSE_USER_SHARDS": "0"}, "REDUSE_USER_SHARDS"),
        ({"REDUSE_USER_SHARDS": "257"}, "REDUSE_USER_SHARDS"),
        ({"REDUSE_USER_SHARDS": "two"}, "REDUSE_USER_SHARDS"),
        ({"REDUSE_USER_SHARDS": "2", "REDUSE_USER_MODE": "plain"}, "REDUSE_USER_MODE=plain"),
        ({"REDUSE_USER_HASH_KEY": "  short  "}, "REDUSE_USER_HASH_KEY"),
        ({"REDUSE_USER_HASH_KEY": KEY, "REDUSE_USER_HASH_KEY_FILE": "/k"}, "REDUSE_USER_HASH_KEY_FILE"),
        ({"REDUSE_USER_HASH_KEY_FILE": "/does/not/exist"}, "REDUSE_USER_HASH_KEY_FILE"),
        ({"REDUSE_USER_RESOLVERS": "header:x-user"}, "REDUSE_USER_HASH_KEY_FILE"),
        ({"REDUSE_USER_MODE": "clear"}, "REDUSE_USER_MODE"),
        ({"REDUSE_USER_ROUTES": "/plain,api/*"}, "REDUSE_USER_ROUTES"),
        ({"REDUSE_USER_HEADRE": "x-user"}, "REDUSE_USER_HEADRE"),
        ({"REDUSE_DURATION_BOUNDS": "0.3,fast"}, "REDUSE_DURATION_BOUNDS"),
        ({"REDUSE_DURATION_BOUND": "0.3"}, "REDUSE_DURATION_BOUNDS"),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "often"}, "OTEL_METRIC_EXPORT_INTERVAL"),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "-1"}, "OTEL_METRIC_EXPORT_INTERVAL"),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "nan"}, "OTEL_EXPORTER_OTLP_TIMEOUT"),
    ],
)
def test_a_mistake_is_one_line_with_the_setting(environment: dict[str, str], setting: str) -> None:
    with pytest.raises(ConfigurationError, match=setting) as raised:
        Settings.from_environment(environment)
    assert "\n" not in str(raised.value)


def test_the_key_is_never_in_the_message() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment({"REDUSE_USER_HASH_KEY": "secret"})
    assert "secret" not in str(raised.value)


def test_defaults_fill_only_what_is_unset() -> None:
    environment = {"OTEL_METRIC_EXPORT_INTERVAL": "5000", "OTEL_EXPORTER_OTLP_TIMEOUT": "7"}
    set_defaults(environment)
    assert environment["OTEL_METRIC_EXPORT_INTERVAL"] == "5000"
    assert environment["OTEL_TRACES_EXPORTER"] == "none"
    assert "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT" not in environment, "the general timeout was set"
    assert set(environment) >= set(DEFAULTS) - {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"}
