"""The images: an almost empty root file system each, into which this machine's programs are mounted."""

import io
import json
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reduse.stack import compose
from tests.deploy.composition import ROOT, services
from tests.deploy.stand_in.engine import Engine

SCRIPTS = Path(__file__).parent
USERS = {"root": 0, "stores": 999, "reduse": 10001, "grafana": 472, "nobody": 65534}
# Folders that the official images have, and whose.
FOLDERS: Mapping[str, int] = {
    **dict.fromkeys(("etc/rabbitmq", "etc/prometheus", "etc/reduse", "run/reduse", "tmp", "var/run", "work"), 0),
    **dict.fromkeys(("var/lib/postgresql/data", "var/lib/rabbitmq"), compose.POSTGRES),
    **dict.fromkeys(("prometheus", "alertmanager"), compose.NOBODY),
    "var/lib/grafana": compose.GRAFANA,
    "var/lib/reduse": compose.OURS,
}
PATH = f"{Path(sys.executable).parent}:/usr/lib/rabbitmq/bin:/usr/lib/postgresql/15/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Image:
    entrypoint: tuple[str, ...] = ()
    user: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)


def images(collector: Path) -> dict[str, Image]:
    """By repository: what each starts with and as whom, as the official one does."""
    python = sys.executable
    return {
        "reduse-collector": Image((str(collector),), compose.COLLECTOR),
        "prom/prometheus": Image(("/usr/bin/prometheus",), compose.NOBODY),
        "prom/alertmanager": Image(("/usr/bin/prometheus-alertmanager",), compose.NOBODY),
        "grafana/grafana": Image((python, str(SCRIPTS / "grafana.py")), compose.GRAFANA),
        "postgres": Image((str(SCRIPTS / "postgres.sh"),)),
        "rabbitmq": Image((str(SCRIPTS / "rabbitmq.sh"),), environment={"HOME": "/var/lib/rabbitmq"}),
        "wollomatic/socket-proxy": Image((python, str(SCRIPTS / "socket_proxy.py"))),
        "reduse": Image(
            user=compose.OURS,
            environment={
                "PYTHONPATH": str(ROOT / "services"),
                "PYTHONDONTWRITEBYTECODE": "1",
                "NUMBA_CACHE_DIR": "/var/lib/reduse/compiled",
                "REDUSE_ROOT": str(ROOT),
            },
        ),
    }


def import_images(engine: Engine, collector: Path) -> None:
    """Give the engine an image for each name in docker-compose.yml."""
    root = root_file_system()
    wanted = {service["image"] for service in services().values()}
    for repository, image in images(collector).items():
        (name,) = (each for each in wanted if each.rpartition(":")[0] == repository)
        changes = [f"USER {image.user}", f"ENV PATH={PATH}"]
        changes += [f"ENTRYPOINT {json.dumps(image.entrypoint)}"] if image.entrypoint else []
        changes += [f"ENV {key}={value}" for key, value in image.environment.items()]
        engine.run("import", *(word for change in changes for word in ("--change", change)), "-", name, stdin=root)


def root_file_system() -> bytes:
    """As a tar archive."""
    users = "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in USERS.items())
    groups = "".join(f"{name}:x:{number}:\n" for name, number in USERS.items())
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("bin", "sbin", "lib", "lib64"):
            tar.addfile(_entry(name, tarfile.SYMTYPE, linkname=f"usr/{name}"))
        tar.addfile(_entry("app", tarfile.SYMTYPE, linkname=str(ROOT)))
        parents = {str(parent): 0 for folder in FOLDERS for parent in Path(folder).parents if parent.name}
        for folder, owner in sorted({**parents, **FOLDERS}.items()):
            tar.addfile(_entry(folder, tarfile.DIRTYPE, owner=owner, mode=0o1777 if folder == "tmp" else 0o755))
        for name, text in {
            "etc/passwd": users,
            "etc/group": groups,
            "etc/rabbitmq/enabled_plugins": "[rabbitmq_management].\n",
            # Of the socket's proxy.
            "healthcheck": "#!/bin/sh\nexec wget -q -O /dev/null http://127.0.0.1:55555/health\n",
        }.items():
            content = text.encode()
            tar.addfile(_entry(name, tarfile.REGTYPE, size=len(content)), io.BytesIO(content))
    return archive.getvalue()


def _entry(
    name: str, kind: bytes, *, linkname: str = "", owner: int = 0, mode: int = 0o755, size: int = 0
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.uid, entry.gid, entry.mode, entry.size = kind, linkname, owner, owner, mode, size
    return entry


def overlay(engine: Engine, collector: Path) -> dict[str, Any]:
    """What is laid over docker-compose.yml: this machine's programs in every container, and the engine's own socket."""
    folders = {Path("/usr"), Path("/etc/alternatives"), ROOT, Path(sys.prefix), Path(sys.base_prefix), collector.parent}
    outer = [each for each in folders if not any(other in each.parents for other in folders)]
    mounts = [f"{folder}:{folder}:ro" for folder in sorted(outer) if folder.exists()]
    laid: dict[str, dict[str, Any]] = {name: {"volumes": list(mounts)} for name in services()}
    for database in ("shop-db", "mes-db"):
        words = services()[database]["command"]
        # Debian's PostgreSQL, 15, does not know it yet.
        (at,) = (index for index, word in enumerate(words) if word.startswith("reserved_connections="))
        laid[database]["command"] = words[: at - 1] + words[at + 1 :]
    # Debian's Prometheus is one of these.
    laid["gateway"]["environment"] = {"REDUSE_STORE": "prometheus-2"}
    laid["docker-socket-proxy"]["volumes"].append(f"{engine.socket}:/var/run/docker.sock:ro")
    return {"services": laid}
