"""Users are who was let in: when what a request says of its sender counts."""


def counts(
    *,
    verified: bool,
    method: str | None,
    status: int | None,
    matched: bool,
    public: bool,
    accepted: frozenset[int],
) -> bool:
    """Whether a request counts for the user whom a resolver names.

    Args:
        verified: the resolver does not take the request's own word. Otherwise the name is a claim.
        method: of the request. A preflight (OPTIONS) carries no credentials.
        status: of the answer; None when there was none.
        matched: a route took the request. Where none is known to have (a mount with no route within it, a middleware,
            a framework whose routes are not known), the answer says less, and only a success counts.
        public: the setting says that the route checks no credentials.
        accepted: statuses that show that a claim was believed by the application.
    """
    if verified:
        return True
    if public or method == "OPTIONS" or status not in accepted:
        return False
    return matched or 200 <= status < 300
