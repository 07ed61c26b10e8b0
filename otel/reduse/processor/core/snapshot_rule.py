"""When a snapshot is due: by what it saves of counting again, against what it costs to write."""

from __future__ import annotations

# A snapshot is due when the log is so many times as large as the last one, and at least this many bytes: some seconds
# of counting them again after a crash.
LOG_FACTOR = 2
LOG_BYTES = 64 * 2**20


class SnapshotRule:
    """Told of what is written, it says when the state is to be put into the place of the log. Sizes are in bytes."""

    def __init__(self, log_bytes: int = LOG_BYTES) -> None:
        self._least = log_bytes
        # What was in the log at the start becomes a snapshot soon.
        self._logged = log_bytes
        self._snapshot = 0

    def is_due(self) -> bool:
        return self._logged >= self._enough

    @property
    def _enough(self) -> int:
        return max(self._least, LOG_FACTOR * self._snapshot)

    def logged(self, size: int) -> None:
        """So much was written to the log."""
        self._logged += size

    def replaced(self, size: int) -> None:
        """A snapshot of this size has taken the log's place."""
        self._logged, self._snapshot = 0, size

    def put_off(self) -> None:
        """It could not be written: not before the log has grown by half of what asks for one."""
        self._logged = self._enough // 2

    def hasten(self) -> None:
        """One is due now, whatever the log's size."""
        self._logged = self._enough
