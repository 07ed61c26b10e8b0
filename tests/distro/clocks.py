"""The clock of one process, set while it runs, by libfaketime; what only measures time goes on as it is."""

from pathlib import Path

import pytest

_LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

needs_faketime = pytest.mark.skipif(not _LIBRARIES, reason="the Debian package faketime is not installed")


class SetClock:
    """The wall clock as a process sees it: so many seconds ahead, until it is set anew."""

    def __init__(self, file: Path, ahead: int = 0) -> None:
        self._file = file
        self.set(ahead)

    def set(self, ahead: int) -> None:
        """Seconds; below 0: behind. Whole files only are seen: a new one takes the old one's place."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead:+d}\n")
        new.replace(self._file)

    @property
    def variables(self) -> dict[str, str]:
        """What puts a process under this clock."""
        return {
            "LD_PRELOAD": str(_LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
