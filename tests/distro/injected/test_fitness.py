"""The application's packages win, so ours have to go with them."""

from packaging.specifiers import SpecifierSet

from reduse.distro.injected.fitness import UNKNOWN, Need, misfits

NEEDS = (
    Need("the folder", "reduse", "==0.1.0"),
    Need("reduse", "opentelemetry-sdk", "==1.45.1"),
    Need("opentelemetry-sdk", "typing-extensions", ">=4.5.0"),
    Need("opentelemetry-sdk", "opentelemetry-api", "==1.45.1"),
    Need("reduse", "wrapt", ">=2"),
)


def satisfies(specifiers: str, version: str) -> bool:
    return SpecifierSet(specifiers).contains(version, prereleases=True)


def test_an_application_that_has_nothing_of_it_is_fit() -> None:
    assert misfits(NEEDS, {}, satisfies) == []


def test_versions_within_what_is_needed_are_fit() -> None:
    assert misfits(NEEDS, {"typing-extensions": "4.8.0", "wrapt": "2.1.0rc1"}, satisfies) == []


def test_each_package_that_ours_cannot_use_is_one_phrase() -> None:
    assert misfits(NEEDS, {"typing-extensions": "4.4.0", "wrapt": "1.14.1"}, satisfies) == [
        "typing-extensions 4.4.0 is installed here, and opentelemetry-sdk needs >=4.5.0",
        "wrapt 1.14.1 is installed here, and reduse needs >=2",
    ]


def test_what_the_application_has_itself_goes_with_its_own_packages() -> None:
    """Its SDK's needs are for the application to meet; the SDK has to be one that we can use."""
    versions = {"opentelemetry-sdk": "1.45.1", "opentelemetry-api": "1.45.0"}
    assert misfits(NEEDS, versions, satisfies) == []


def test_a_package_that_does_not_say_its_version_is_not_touched() -> None:
    assert misfits(NEEDS, {"wrapt": UNKNOWN}, satisfies) == ["wrapt is installed here without a version number"]


def test_another_version_of_the_distro_is_left_alone() -> None:
    assert misfits(NEEDS, {"reduse": "0.2.0"}, satisfies) == [
        "reduse 0.2.0 is installed here, and the folder needs ==0.1.0"
    ]
