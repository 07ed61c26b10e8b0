"""etcd, the API server, the controller manager and kubectl, built from the module beside, once, into the cache."""

import hashlib
import os
import platform
import shutil
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import golang

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
    built = work / "built"
    # What is built goes into a folder, and not into a file of this name.
    built.mkdir()
    log = settings.log_dir / "control-plane-build.log"
    try:
        packages = ["./etcd", *(f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES)]
        golang.build(settings, OLDEST_GO, work, built, packages, log=log, cure=CURE)
        built.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target
