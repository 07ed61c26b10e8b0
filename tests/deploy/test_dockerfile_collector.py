"""The collector's image: built as natively, with nothing in it but the program and what it trusts."""

import re

from reduse.stack import collector
from reduse.stack.compose import COLLECTOR as USER
from reduse.yaml_text import read_yaml
from tests.deploy.composition import ROOT

TEXT = (ROOT / "Dockerfile.collector").read_text(encoding="utf-8")
_, BUILD, FINAL = re.split(r"^FROM ", TEXT, flags=re.MULTILINE)
RECIPE = read_yaml((ROOT / "collector-config" / collector.COLLECTOR).read_text(encoding="utf-8"))


def copied() -> dict[str, str]:
    """Where each file or folder of the repository is in the stage that builds, from its working directory."""
    return dict(line.split() for line in re.findall(r"^COPY (?!--from)(.+)$", BUILD, flags=re.MULTILINE))


def test_it_is_built_by_a_pinned_go_that_is_new_enough() -> None:
    version = re.match(r"golang:(\d+)\.(\d+)\.(\d+)-\w+ AS build\n", BUILD)
    assert version is not None
    assert (int(version[1]), int(version[2])) >= collector.OLDEST_GO[:2]
    # No other toolchain is fetched in its place.
    assert "GOTOOLCHAIN=local" in BUILD


def test_the_builder_and_its_recipe_are_those_of_the_native_build() -> None:
    assert f"RUN go install {collector.BUILDER}\n" in BUILD
    assert f"builder --config collector-config/{collector.COLLECTOR}\n" in BUILD
    assert set(re.search(r"^ENV (.+)$", BUILD, flags=re.MULTILINE)[1].split()) == {  # type: ignore[index]
        "CGO_ENABLED=0",
        "GOFLAGS=-buildvcs=false",
        "GOTOOLCHAIN=local",
    }


def test_what_the_recipe_names_is_where_it_says() -> None:
    """A `path` is from the root of the repository, which in the image is the working directory."""
    assert f"collector-config/{collector.COLLECTOR}" in copied()
    assert all(source == target for source, target in copied().items())
    paths = {entry["path"] for entry in collector.components(RECIPE) if "path" in entry}
    assert paths
    for path in paths:
        assert any(path == source or path.startswith(f"{source}/") for source in copied())


def test_the_image_has_the_program_and_authorities_and_nothing_else() -> None:
    assert FINAL.startswith("scratch\n")
    output = re.search(r"dist\.output_path=(\S+)", BUILD)
    assert output is not None
    assert re.findall(r"^COPY (.+)$", FINAL, flags=re.MULTILINE) == [
        "--from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt",
        f"--from=build {output[1]}/{RECIPE['dist']['name']} /otelcol",
    ]
    assert not re.search(r"^RUN", FINAL, flags=re.MULTILINE)
    assert 'ENTRYPOINT ["/otelcol"]' in FINAL


def test_it_runs_as_the_user_who_owns_its_volumes() -> None:
    assert re.search(rf"^USER {USER}:{USER}$", FINAL, flags=re.MULTILINE)
