"""What the metrics of a history show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Status:
    """Counts are since the process began. `size` in bytes on disk; `oldest`: hour of the oldest file (Unix seconds)."""

    size: int = 0
    oldest: int | None = None
    windows: int = 0
    rows: int = 0
    removed: int = 0
    # Windows that are not kept, by reason.
    dropped: Counter[str] = field(default_factory=Counter)
    # Journals that could not be made Parquet files, each time.
    failures: int = 0
