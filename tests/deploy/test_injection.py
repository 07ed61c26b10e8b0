"""The image and the object by which the operator injects the distro go with the guide and with the settings."""

import re
from typing import Any

from reduse.distro.base.settings_table import DISTRO_SETTINGS
from reduse.injection.folder import LOCK
from reduse.yaml_text import read_yaml
from tests.deploy.composition import ROOT

DOCKERFILE = (ROOT / "Dockerfile.injection").read_text("utf-8")
GUIDE = (ROOT / "docs" / "deploy" / "kubernetes-injection.md").read_text("utf-8")
OBJECT: dict[str, Any] = read_yaml(
    (ROOT / "deploy" / "kubernetes" / "injection" / "instrumentation.yaml").read_text("utf-8")
)


def test_the_image_has_the_folder_where_the_operator_copies_it_from() -> None:
    """For glibc `cp -r /autoinstrumentation/. …`, for musl `cp -r /autoinstrumentation-musl/. …`."""
    _, build, image = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)
    assert "reduse injection --checkout /build --to /autoinstrumentation" in build
    assert "COPY --from=build /autoinstrumentation /autoinstrumentation" in image
    assert "ln -s autoinstrumentation /autoinstrumentation-musl" in image
    assert image.startswith("docker.io/library/busybox:1.37.0\n")
    assert image.rstrip().endswith("USER 10001:10001")


def test_the_image_is_built_as_the_other_one_is() -> None:
    other = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.findall(r"^FROM (python\S+)", DOCKERFILE, re.MULTILINE)[0] in other
    assert f"pip install --require-hashes --requirement {LOCK}" in DOCKERFILE
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE))
    assert copied <= set(re.findall(r"^COPY (?!--from)(.+) \S+$", other, re.MULTILINE))


def test_the_object_names_the_image_and_settings_that_there_are() -> None:
    python = OBJECT["spec"]["python"]
    assert python["image"] in GUIDE
    names = {each["name"] for each in python["env"]}
    ours = {name for name in names if name.startswith("REDUSE_")}
    assert ours <= {setting.name for setting in DISTRO_SETTINGS}
    assert names - ours == {"OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER"}


def test_secrets_are_read_where_the_operator_mounts_them() -> None:
    """opentelemetry-operator, `configureExporter`: the Secret of `exporter.tls` is a folder with its name in it."""
    tls = OBJECT["spec"]["exporter"]["tls"]
    folder = f"/otel-auto-instrumentation-secret-{tls['secretName']}"
    files = [each["value"] for each in OBJECT["spec"]["python"]["env"] if each["name"].endswith("_FILE")]
    assert files == [f"{folder}/token", f"{folder}/user_hash_key"]
    assert OBJECT["spec"]["exporter"]["endpoint"].startswith("https://reduse-agent.reduse.svc:4318")


def test_the_guide_patches_the_annotation_with_the_objects_name() -> None:
    assert f'"instrumentation.opentelemetry.io/inject-python": "{OBJECT["metadata"]["name"]}"' in GUIDE
