"""The image: pinned, of locked packages, without what builds it, and for a user without rights.

That of the collector is in test_dockerfile_collector.py.
"""

import re
from pathlib import Path

from tests.deploy.composition import ROOT, services

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COLLECTOR = (ROOT / "Dockerfile.collector").read_text(encoding="utf-8")
_, BUILD, FINAL = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)


def packages(lock: str) -> dict[str, set[str]]:
    """The hashes of each package, by its name and version. Where it is wanted may differ."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    found = re.split(r"\n(?=\S)", text.strip())
    return {re.split(r"[ \\;]", each)[0]: set(re.findall(r"sha256:\w+", each)) for each in found}


def test_the_bases_are_pinned_to_one_exact_version() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])


def test_packages_come_from_a_lock_that_is_a_part_of_the_whole() -> None:
    assert "pip install --require-hashes --requirement requirements-stack.lock" in BUILD
    assert "pip install --no-deps --no-build-isolation ." in BUILD
    whole, part = packages("requirements.lock"), packages("requirements-stack.lock")
    assert part.items() <= whole.items()
    assert not {name.split("==")[0] for name in part} & {"mypy", "ruff", "bytewax", "hypothesis"}


def test_what_builds_stays_behind() -> None:
    assert "pip uninstall --yes hatchling pip" in BUILD
    assert not re.search(r"apt-get|pip install|gcc|git ", FINAL)
    assert "pip uninstall --yes pip setuptools wheel" in FINAL


def test_it_runs_as_a_user_without_rights_who_owns_only_its_state() -> None:
    assert re.search(r"^USER 10001:10001$", FINAL, flags=re.MULTILINE)
    assert "--owner=10001 --group=10001 --mode=0700 /var/lib/reduse" in FINAL
    # Nothing is run after it that would need root again.
    assert not re.search(r"^RUN", FINAL.split("USER 10001")[1], flags=re.MULTILINE)


def test_what_is_copied_exists_and_nothing_else_is_sent_to_the_engine() -> None:
    copied = {
        word.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE + COLLECTOR, flags=re.MULTILINE)
        for word in line.split()[:-1]
    }
    assert all((ROOT / name).exists() for name in copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_every_command_of_ours_is_in_the_image() -> None:
    programs = {service["command"][0] for service in services().values() if service["image"].startswith("reduse:")}
    assert programs == {"python", "reduse-processor", "opentelemetry-instrument", "locust"}
    lock = packages("requirements-stack.lock")
    assert {name.split("==")[0] for name in lock} >= {"opentelemetry-instrumentation", "locust", "uvicorn", "numba"}
    assert 'reduse-processor = "reduse.scripts:processor"' in (ROOT / "pyproject.toml").read_text()


def test_what_services_need_beside_the_package_is_copied() -> None:
    for name in ("services", "company"):
        assert re.search(rf"^COPY {name} {name}$", FINAL, flags=re.MULTILINE)
    assert "PYTHONPATH=/app/services" in FINAL
    assert "REDUSE_ROOT=/app" in FINAL
    assert Path(ROOT / "company" / "databases" / "shop.sql").exists()
