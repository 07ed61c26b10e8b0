"""What a store answers: elements of vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    time: float
    value: float


@dataclass(frozen=True)
class Course:
    """One element of a range vector: values at some of the times asked for, Unix seconds."""

    labels: Mapping[str, str]
    times: Sequence[float]
    values: Sequence[float]
