"""The base of everything that stands in the file."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An entry of the file: what it does not know is a mistake, and nothing changes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)
