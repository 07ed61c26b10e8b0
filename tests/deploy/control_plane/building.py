"""etcd, the API server, the controller manager and kubectl, built from the module beside, once, into the cache."""

import hashlib
import os
import platform
import shutil
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import commands, golang

MODULE = Path(__file__).parent / "module"
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kubectl")
# As `go` in go.mod says.
OLDEST_GO = (1, 26, 0)
CURE = "Check the network to the Go module proxy and the free disk."


def programs(settings: Settings) -> Path:
    """The folder that has them. The first time it takes about six minutes of CPU."""
    sources = sorted(path for path in MODULE.rglob("*") if path.suffix in (".mod", ".sum", ".go"))
    built_from = hashlib.sha256(b"".join(map(Path.read_bytes, sources)) + platform.machine().encode())
    target = settings.cache / f"control-plane-{built_from.hexdigest()[:12]}"
    if target.exists():
        return target
    work = settings.cache / f"building-control-plane-{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(MODULE, work)
    # Go ignores a go.mod in the folder of temporary files.
    (work / "tmp").mkdir()
    log = settings.log_dir / "control-plane-build.log"
    try:
        go = golang.find(OLDEST_GO) or golang.install(settings, log)
        commands.run(
            [
                *[str(go), "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", "built/", "./etcd"],
                *(f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES),
            ],
            log=log,
            cure=CURE,
            environment=golang.environment(go) | {"TMPDIR": str(work / "tmp")},
            directory=work,
        )
        (work / "built").rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target
