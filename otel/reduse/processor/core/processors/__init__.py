"""The processors that come with reduse."""

from reduse.processor.core.plugin import Processor
from reduse.processor.core.processors.active_users import ActiveUsers
from reduse.processor.core.processors.concurrency_limit import ConcurrencyLimit
from reduse.processor.core.processors.policies import Policies
from reduse.processor.core.processors.rate_distribution import RateDistribution
from reduse.processor.core.processors.rate_limit import RateLimit
from reduse.processor.core.processors.requests import Requests
from reduse.processor.core.processors.top_users import UserConcurrency, UserRate
from reduse.processor.core.processors.user_share import UserShare

BUILT_IN: tuple[type[Processor], ...] = (
    Requests,
    UserRate,
    UserConcurrency,
    RateDistribution,
    ActiveUsers,
    UserShare,
    RateLimit,
    Policies,
    ConcurrencyLimit,
)
