"""Public: what a processor of one's own is made of, and how it is tried without a server.

A package offers a subclass of `Processor` under the entry-point group `reduse.processor`. See
`docs/write-a-processor.md`. What else is public: `docs/python-api.md`. Needs the extra `processor`.
"""

from reduse.processor.core.metric import Distribution, Metric, Point, Shape
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.window import ClassRows, ClosedWindow, Load
from reduse.processor.harness import Harness, user_number

__all__ = [
    "ClassRows",
    "ClosedWindow",
    "Distribution",
    "Harness",
    "Load",
    "Metric",
    "Options",
    "Point",
    "Processor",
    "Shape",
    "user_number",
]
