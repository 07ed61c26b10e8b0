"""Public: what a company's own drills are made of, in `drills.py` beside its file.

See `docs/processes.md`. What else is public: `docs/python-api.md`. Needs the extra `stack`.
"""

from reduse.stack.drill.definition import ALONE, Drill, Fault
from reduse.stack.drill.faults.brokers import consumer_refused, messages
from reduse.stack.drill.faults.databases import leaked_connections, locks, statements
from reduse.stack.drill.faults.parts import part_stopped
from reduse.stack.drill.faults.priority import ahead_of_others
from reduse.stack.drill.traffic import requests
from reduse.stack.installation import Installation
from reduse.stack.supervision import Supervisor

__all__ = [
    "ALONE",
    "Drill",
    "Fault",
    "Installation",
    "Supervisor",
    "ahead_of_others",
    "consumer_refused",
    "leaked_connections",
    "locks",
    "messages",
    "part_stopped",
    "requests",
    "statements",
]
