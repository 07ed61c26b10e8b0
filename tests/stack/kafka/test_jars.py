"""The jars of Kafka are those of the lock, or none are run."""

import os
from pathlib import Path

import pytest

from reduse.errors import StackError
from reduse.settings.stack import Settings
from reduse.stack.kafka import jars
from reduse.yaml_text import read_yaml

ONE = {"kafka.jar": "a" * 64}


def test_the_lock_names_each_jar_with_its_hash_and_kafka_is_the_version_of_the_pom() -> None:
    settings = Settings()
    locked = jars.locked(settings)
    assert {len(digest) for digest in locked.values()} == {64}
    assert {Path(name).suffix for name in locked} == {".jar"}
    pom = (settings.root / "kafka" / "pom.xml").read_text(encoding="utf-8")
    [version] = [name.removeprefix("kafka_2.13-").removesuffix(".jar") for name in locked if name.startswith("kafka_")]
    assert f"<version>{version}</version>" in pom


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({}, r"did not fetch kafka.jar.*kafka-lock"),
        (ONE | {"other.jar": "b" * 64}, r"fetched other.jar, .* does not name.*kafka-lock"),
        ({"kafka.jar": "b" * 64}, r"kafka.jar is another file.*do not run it"),
    ],
)
def test_other_jars_than_the_locks_are_refused(found: dict[str, str], message: str) -> None:
    jars.check(ONE, ONE)
    with pytest.raises(StackError, match=message):
        jars.check(found, ONE)


def maven(folder: Path, content: str) -> None:
    """A Maven on PATH that fetches every jar of the lock, each with this content."""
    program = folder / "mvn"
    jars_of_the_lock = "\n".join(jars.locked(Settings()))
    program.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do case "$word" in -DoutputDirectory=*) folder="${word#*=}";; esac; done\n'
        f"while read -r name; do printf '{content}' > \"$folder/$name\"; done <<'END'\n{jars_of_the_lock}\nEND\n"
    )
    program.chmod(0o755)


def test_nothing_is_cached_when_a_jar_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven(tmp_path, "not a jar")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    settings = Settings(state_dir=tmp_path / "state", cache_dir=None)
    with pytest.raises(StackError, match="is another file"):
        jars.fetch(settings)
    assert jars.find(settings) is None
    assert list(settings.cache.iterdir()) == []


def test_a_maven_that_fails_is_told_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mvn"
    program.write_text("#!/bin/sh\necho no network; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(StackError, match=r"(?s)failed \(1\)\. Check the network.*no network"):
        jars.fetch(Settings(state_dir=tmp_path / "state", cache_dir=None))


def test_no_address_of_a_repository_is_in_the_files() -> None:
    """Maven's own settings say where it fetches from."""
    for file in (Settings().root / "kafka").iterdir():
        text = file.read_text(encoding="utf-8").replace("http://maven.apache.org/POM/4.0.0", "")
        assert "://" not in text, file.name


def test_compose_runs_the_same_kafka() -> None:
    settings = Settings()
    composed = read_yaml((settings.root / "docker-compose.yml").read_text(encoding="utf-8"))
    image = composed["services"]["kafka"]["image"]
    assert f"kafka_2.13-{image.removeprefix('apache/kafka:')}.jar" in jars.locked(settings)
