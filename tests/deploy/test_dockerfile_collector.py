"""The collector's image: built as natively, with nothing in it but the program and what it trusts."""

import re

from reduse.stack import collector, golang
from reduse.stack.compose import COLLECTOR as USER
from tests.deploy.composition import ROOT

TEXT = (ROOT / "Dockerfile.collector").read_text(encoding="utf-8")
_, BUILD, FINAL = re.split(r"^FROM ", TEXT, flags=re.MULTILINE)


def test_it_is_built_by_a_pinned_go_that_is_new_enough() -> None:
    version = re.match(r"golang:(\d+)\.(\d+)\.(\d+)-\w+ AS build\n", BUILD)
    assert version is not None
    assert (int(version[1]), int(version[2])) >= collector.OLDEST_GO[:2]
    # No other toolchain is fetched in its place.
    assert "GOTOOLCHAIN=local" in BUILD


def test_it_is_built_as_natively() -> None:
    """By the same command in the same module, laid out as in the repository."""
    arguments = " ".join(f'"{word}"' if " " in word else word for word in golang.BUILD)
    assert f"RUN cd collector/{collector.PROGRAM} && go {arguments} -o /build/{collector.PROGRAM} .\n" in BUILD
    assert re.findall(r"^COPY (?!--from)(.+)$", BUILD, flags=re.MULTILINE) == ["collector collector"]
    assert set(re.search(r"^ENV (.+)$", BUILD, flags=re.MULTILINE)[1].split()) == {  # type: ignore[index]
        "CGO_ENABLED=0",
        "GOFLAGS=-buildvcs=false",
        "GOTOOLCHAIN=local",
    }


def test_the_image_has_the_program_and_authorities_and_nothing_else() -> None:
    assert FINAL.startswith("scratch\n")
    assert re.findall(r"^COPY (.+)$", FINAL, flags=re.MULTILINE) == [
        "--from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt",
        f"--from=build /build/{collector.PROGRAM} /otelcol",
    ]
    assert not re.search(r"^RUN", FINAL, flags=re.MULTILINE)
    assert 'ENTRYPOINT ["/otelcol"]' in FINAL


def test_it_runs_as_the_user_who_owns_its_volumes() -> None:
    assert re.search(rf"^USER {USER}:{USER}$", FINAL, flags=re.MULTILINE)
