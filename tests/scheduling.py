"""Which tests one worker runs after another: those of a file, or of files that share servers."""

from xdist.scheduler import LoadScopeScheduling

# A stack of one's own, in a folder of which all others share one.
OWN = ("test_harbour.py", "test_security.py", "test_victoriametrics.py", "test_your_company.py")
SHARING = ("tests/e2e", "tests/services")
"""Folders whose `conftest.py` starts servers for a session, in more than a second or two."""


def unit(test: str) -> str:
    """The folder or the file of a test, which is named as pytest does."""
    file = test.split("::", 1)[0]
    folder, _, name = file.rpartition("/")
    return folder if folder in SHARING and name not in OWN else file


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Deals units out in the order of collection; each worker takes a new one when it is nearly through its last."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
