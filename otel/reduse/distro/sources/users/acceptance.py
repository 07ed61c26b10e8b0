"""Users are who was let in: when what a request says of its sender counts."""


def counts(
    *,
    verified: bool,
    method: str | None,
    status: int | None,
    matched: bool,
    mounted: bool,
    public: bool,
    accepted: frozenset[int],
) -> bool:
    """Whether a request counts for the user whom a resolver names.

    Args:
        verified: the resolver does not take the request's own word. Otherwise the name is a claim.
        method: of the request. A preflight (OPTIONS) carries no credentials.
        status: of the answer; None when there was none.
        matched: a route or a mount took the request. Where none did, nobody looked at credentials.
        mounted: what took it is a mount, and no route within it: it says less, so that only a success counts.
        public: the setting says that the route checks no credentials.
        accepted: statuses that show that a claim was believed by the application.
    """
    if verified:
        return True
    if public or not matched or method == "OPTIONS" or status not in accepted:
        return False
    return not mounted or 200 <= status < 300
