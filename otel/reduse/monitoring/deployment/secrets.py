"""Files of passwords and certificates that the agent reads, where it runs on another machine or in a container.

There they are together in one folder, which the agent is told as REDUSE_SECRETS_DIR, each by a name of its own.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from reduse.monitoring.agent import Files, files_of
from reduse.watch.company import Company

FOLDER = "${env:REDUSE_SECRETS_DIR}"

# What the key of a Kubernetes Secret, a credential of systemd and a secret of Compose may be called alike.
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def names(company: Company) -> Mapping[str, str]:
    """The name in that folder of each file that the agent reads, by its path in the company's file."""
    return told_apart(files_of(company))


def told_apart(paths: Iterable[str]) -> Mapping[str, str]:
    """A name for each file, by its path: the last part of that, where it will do."""
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
