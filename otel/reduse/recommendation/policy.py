"""Which limit of a ladder is recommended."""

from dataclasses import dataclass

from reduse.recommendation.observation import LimitEffect, Observation, order_of

DEFAULT_TOUCHED = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """The lowest limit that touches at most `touched` percent of the active users and rejects at most `rejected`
    percent of the requests of identified users. What is None does not matter.
    """

    touched: float | None = DEFAULT_TOUCHED
    rejected: float | None = None

    @classmethod
    def asked(cls, touched: float | None, rejected: float | None) -> "Policy":
        """What was asked for; the default when nothing was."""
        return cls() if touched is None and rejected is None else cls(touched, rejected)

    def allows(self, effect: LimitEffect, observation: Observation) -> bool:
        # Products, not quotients: 1 user of 100 is exactly 1 %.
        few_users = self.touched is None or 100 * effect.touched <= self.touched * observation.active
        few_requests = self.rejected is None or 100 * effect.rejected <= self.rejected * observation.requests
        return few_users and few_requests

    def choose(self, observation: Observation) -> LimitEffect | None:
        """The lowest limit that is allowed; None when none is."""
        allowed = (effect for effect in observation.ladder if self.allows(effect, observation))
        return min(allowed, key=lambda effect: order_of(effect.tried), default=None)

    def __str__(self) -> str:
        parts = []
        if self.touched is not None:
            parts.append(f"touches at most {self.touched:g} % of the active users")
        if self.rejected is not None:
            parts.append(f"rejects at most {self.rejected:g} % of the requests of identified users")
        return "the lowest limit that " + " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What was seen, what was wanted, and the limit that follows; None when no limit of the ladder will do."""

    observation: Observation
    policy: Policy
    chosen: LimitEffect | None

    @classmethod
    def made(cls, observation: Observation, policy: Policy) -> "Recommendation":
        return cls(observation, policy, policy.choose(observation))
