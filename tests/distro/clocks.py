"""The clock of one process, set while it runs, by libfaketime; what only measures time goes on as it is."""

from pathlib import Path

import pytest

from reduse.soak.clocks import Clock, can_be_set

needs_faketime = pytest.mark.skipif(not can_be_set(), reason="the Debian package faketime is not installed")


class SetClock(Clock):
    """The wall clock as a process sees it: so many seconds ahead, until it is set anew, which it sees at once."""

    def __init__(self, file: Path, ahead: int = 0) -> None:
        super().__init__(file)
        self.set(ahead)

    @property
    def variables(self) -> dict[str, str]:
        """What puts a process under this clock."""
        return {**super().variables, "FAKETIME_NO_CACHE": "1"}
