"""Routes that a setting lists."""

import pytest

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.user_routes import CACHED_TEMPLATES, PUBLIC_SETTING, check_pattern, listed_routes


@pytest.mark.parametrize(
    ("template", "counted"),
    [
        ("/plain", True),
        ("/plain/more", False),
        ("/api/v1/items/{item_id}", True),
        ("/api/v1/", True),
        ("/api/v1", False),
        ("/api/v2/items", False),
        (None, False),
    ],
)
def test_a_pattern_is_a_template_or_its_beginning(template: str | None, counted: bool) -> None:
    is_listed = listed_routes(["/plain", "/api/v1/*"])
    assert [is_listed(template), is_listed(template)] == [counted, counted]


def test_a_star_alone_is_every_route_but_not_what_no_route_took() -> None:
    is_listed = listed_routes(["*"])
    assert is_listed("/plain")
    assert not is_listed(None)


def test_any_number_of_templates_is_decided_right() -> None:
    is_listed = listed_routes(["/7*"])
    for number in range(3 * CACHED_TEMPLATES):
        assert is_listed(f"/{number}") == str(number).startswith("7")


@pytest.mark.parametrize("pattern", ["plain", "/a*b", "**", "/a/**"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="REDUSE_USER_ROUTES"):
        check_pattern(pattern)
    with pytest.raises(ConfigurationError, match="REDUSE_USER_PUBLIC_ROUTES"):
        check_pattern(pattern, PUBLIC_SETTING)


@pytest.mark.parametrize("pattern", ["/", "*", "/*", "/items/{item_id}", "/files/{path:path}"])
def test_a_pattern_is_taken_as_it_is(pattern: str) -> None:
    assert check_pattern(pattern) == pattern
