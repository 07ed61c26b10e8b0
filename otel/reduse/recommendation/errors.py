"""What stands in the way of a recommendation, as one line each: what happened and what to do."""


class RecommendationError(Exception):
    """Prometheus is away, or has no data to recommend from. Exit status 1."""

    exit_code = 1


class ChoiceError(RecommendationError):
    """An option has a value that cannot be used. Exit status 2."""

    exit_code = 2
