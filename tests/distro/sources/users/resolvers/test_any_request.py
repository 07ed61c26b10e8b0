"""Whatever a request has in it, no resolver raises, and each answer can be reported."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.base.settings import UserMode
from reduse.distro.sources.users.identity import identification
from reduse.distro.sources.users.resolvers.registry import resolver_of
from tests.distro.doubles import settings
from tests.distro.sources.users.tokens import bearer

RESOLVERS = (
    "authenticated",
    "header:x-user",
    "header:authorization",
    "jwt:sub",
    "basic",
    "cookie:a",
    "cookie:a:jwt:sub",
    "client",
    "verified:header:x-user",
)

names = st.sampled_from([b"x-user", b"authorization", b"cookie", b"accept"]) | st.binary(max_size=8)
values = (
    st.binary(max_size=300)
    | st.binary(max_size=300).map(bearer)
    | st.text(max_size=60).map(lambda text: bearer(b'{"sub": "' + text.encode("utf-8", "replace") + b'"}'))
    | st.from_regex(rb"[Bb]earer +[\w.=-]*", fullmatch=True)
    | st.from_regex(rb"[Bb]asic +[\w=+/]*", fullmatch=True)
    | st.binary(max_size=60).map(lambda pair: b"Basic " + base64.b64encode(pair))
    | st.from_regex(rb"[\\]ud[89abcdef][0-9a-f]{2}", fullmatch=True).map(lambda u: bearer(b'{"sub": "' + u + b'"}'))
    | st.from_regex(rb'(a ?=?"?[\w;= ]*"?;? ?)*', fullmatch=True)
)
addresses = st.none() | st.tuples(st.text(max_size=50) | st.ip_addresses().map(str), st.integers() | st.none())
requests = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.lists(st.tuples(names, values), max_size=6),
        "client": addresses,
        "user": st.none() | st.builds(object) | st.text(),
    },
)


@pytest.mark.parametrize("specification", RESOLVERS)
@given(requests)
def test_no_resolver_raises(specification: str, request: dict[str, Any]) -> None:
    user_id = resolver_of(specification)(request)
    assert user_id is None or len(user_id) > 0


@pytest.mark.parametrize("mode", UserMode)
@given(requests, st.sampled_from([200, 401, 404, None]))
def test_every_answer_can_be_reported(mode: UserMode, request: dict[str, Any], status: int | None) -> None:
    identified = identification(settings(user_mode=mode, user_resolvers=RESOLVERS))
    user = identified.user(request, status, "/plain")
    assert identified.errors == 0
    assert user is None or user.encode().decode() == user
