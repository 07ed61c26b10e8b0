"""What the OpenTelemetry operator does to a container, with folders in the place of an image.

It copies the folder of the image into the pod (`cp -r /autoinstrumentation/. …`), puts two paths of it around
PYTHONPATH, and sets variables where the container sets none. Source: opentelemetry-operator,
`internal/instrumentation`, functions `injectPythonSDKToContainer`, `getDefaultPythonEnvVars` and
`injectCommonSDKConfig`.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ENTRY = "opentelemetry/instrumentation/auto_instrumentation"


def copied(image: Path, to: Path) -> Path:
    """The folder in the pod."""
    to.mkdir(parents=True)
    subprocess.run(["cp", "-r", f"{image}/.", str(to)], check=True)
    return to


def plain(**own: str) -> dict[str, str]:
    """The variables of a container that nobody touches."""
    foreign = ("REDUSE_", "OTEL_", "PYTHON", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | own


def injected(folder: Path, endpoint: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The same container with the annotation; what it sets itself is kept."""
    own = variables.get("PYTHONPATH")
    paths = [f"{folder}/{ENTRY}", *([own] if own else []), str(folder)]
    set_where_unset = {
        "OTEL_NODE_IP": "10.0.0.1",
        "OTEL_POD_IP": "10.0.0.2",
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_RESOURCE_ATTRIBUTES_POD_NAME": "shop-7d9c",
        "OTEL_RESOURCE_ATTRIBUTES_NODE_NAME": "node-1",
        "OTEL_PROPAGATORS": "tracecontext,baggage",
        "OTEL_RESOURCE_ATTRIBUTES": (
            "k8s.container.name=shop,k8s.deployment.name=shop,k8s.namespace.name=shop,k8s.node.name=node-1,"
            "k8s.pod.name=shop-7d9c,service.instance.id=shop.shop-7d9c.shop,service.version=1"
        ),
    }
    return {**set_where_unset, **variables, "PYTHONPATH": ":".join(paths)}
