"""A root path that a client may write is no part of a route, however many are sent."""

from reduse.distro.sources.http.root_path import RootPaths


def test_a_root_path_is_believed_without_a_slash_at_its_end() -> None:
    roots = RootPaths(2)
    assert [roots.believed(root) for root in ("", "/shop/", "/shop", "/")] == ["", "/shop", "/shop", ""]


def test_beyond_the_first_few_none_is_believed_and_those_stay() -> None:
    roots = RootPaths(2)
    assert [roots.believed(f"/{number}") for number in range(5)] == ["/0", "/1", "", "", ""]
    assert [roots.believed(root) for root in ("/1", "/0", "/9", "")] == ["/1", "/0", "", ""]
