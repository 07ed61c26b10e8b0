"""What is in the Parquet files: docs/history.md says the same for who asks them with SQL.

The first row group has the requests of nobody in particular, for each window at least one row, that of the anonymous;
further ones have the rows of services' identified users: as many follow each other for a service as it needs, and all
rows of a user are in one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# Raised when a reader of the version before would read it wrongly, or not. 1: one row group for each service.
VERSION = 2
READABLE = (1, 2)

# Values of the column `identity`; the same as of the attribute `identity` of the metrics.
USER, ANONYMOUS, OVERFLOW, UNTRACKED = "user", "anonymous", "overflow", "untracked"
UNIDENTIFIED = (ANONYMOUS, OVERFLOW, UNTRACKED)

# In the metadata of a file: reduse.history.contents, as JSON.
CONTENTS_KEY = b"reduse.history"


def arrow_schema() -> pa.Schema:
    """Its columns, in order."""
    # Takes longer to import than all the rest.
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("service", pa.dictionary(pa.int32(), pa.string()), nullable=False),
            pa.field("identity", pa.dictionary(pa.int32(), pa.string()), nullable=False),
            # The start of the second.
            pa.field("window", pa.timestamp("ms", tz="UTC"), nullable=False),
            # The 16 hex digits of user.hash as a number; 0 where `identity` is not "user".
            pa.field("user", pa.uint64(), nullable=False),
            # "" for requests under none.
            pa.field("policy", pa.dictionary(pa.int32(), pa.string()), nullable=False),
            pa.field("count", pa.int64(), nullable=False),
            # Of `count`, those that the service answered with 429.
            pa.field("throttled", pa.int64(), nullable=False),
            # That the server spent on them.
            pa.field("microseconds", pa.int64(), nullable=False),
        ]
    )
