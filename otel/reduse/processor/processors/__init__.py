"""The processors that come with reduse."""

from reduse.processor.plugin import Processor
from reduse.processor.processors.active_users import ActiveUsers
from reduse.processor.processors.rate_distribution import RateDistribution
from reduse.processor.processors.rate_limit import RateLimit
from reduse.processor.processors.requests import Requests
from reduse.processor.processors.top_users import UserConcurrency, UserRate
from reduse.processor.processors.user_share import UserShare

BUILT_IN: tuple[type[Processor], ...] = (
    Requests,
    UserRate,
    UserConcurrency,
    RateDistribution,
    ActiveUsers,
    UserShare,
    RateLimit,
)
