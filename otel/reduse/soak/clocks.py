"""The clock of single processes, set while they run, by libfaketime; that of the machine is left alone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def can_be_set() -> bool:
    """Whether Debian's package `faketime` is installed."""
    return bool(_LIBRARIES)


class Clock:
    """A wall clock as processes see it that were started with `variables`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, ahead: int) -> None:
        """Seconds ahead; below 0: behind. Whole files only are seen: a new one takes the old one's place."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead:+d}\n")
        new.replace(self._file)

    @contextmanager
    def ahead(self, seconds: int) -> Iterator[None]:
        """So many seconds ahead until the block ends; below 0: behind."""
        self.set(seconds)
        try:
            yield
        finally:
            self.set(0)

    @property
    def variables(self) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(_LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # Read again after each second.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
