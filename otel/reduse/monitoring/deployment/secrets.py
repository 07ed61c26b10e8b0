"""Files of passwords and certificates that the agent reads, where it runs on another machine or in a container.

There they are together in one folder, which the agent is told as REDUSE_SECRETS_DIR, each by a name of its own.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping

from reduse.monitoring.agent import Files, files_of
from reduse.watch.company import Company

FOLDER = "${env:REDUSE_SECRETS_DIR}"

# What the key of a Kubernetes Secret, a credential of systemd and a secret of Compose may be called alike.
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def names(company: Company) -> Mapping[str, str]:
    """The name of each file in that folder, by its path in the company's file: its last part, where that will do."""
    paths = files_of(company)
    last = {path: _NOT_IN_A_NAME.sub("_", path.rpartition("/")[2]).strip(".-_") for path in paths}
    counted = Counter(last.values())
    return {
        path: name if name and counted[name] == 1 else f"{name or 'file'}-{_digest(path)}"
        for path, name in last.items()
    }


def placed(company: Company) -> Files:
    """Where the agent finds each file."""
    known = names(company)
    return lambda path: f"{FOLDER}/{known[path]}"


def _digest(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:8]
