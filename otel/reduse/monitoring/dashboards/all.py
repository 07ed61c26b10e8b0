"""Every dashboard, in the order in which one looks."""

from reduse.monitoring.dashboards.databases import DATABASES
from reduse.monitoring.dashboards.definition import Board
from reduse.monitoring.dashboards.mes import MES
from reduse.monitoring.dashboards.overview import OVERVIEW
from reduse.monitoring.dashboards.pipeline import PIPELINE
from reduse.monitoring.dashboards.queue import QUEUE
from reduse.monitoring.dashboards.red import RED
from reduse.monitoring.dashboards.users import USERS

BOARDS: tuple[Board, ...] = (OVERVIEW, RED, MES, DATABASES, QUEUE, USERS, PIPELINE)
