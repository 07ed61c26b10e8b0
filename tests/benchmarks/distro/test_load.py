"""The client counts whole, successful responses and nothing else."""

import pytest

from benchmarks.distro.load import is_complete, request_of

RESPONSE = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"item":1000}'


@pytest.mark.parametrize("length", range(len(RESPONSE)))
def test_a_part_is_not_a_response(length: int) -> None:
    assert not is_complete(RESPONSE[:length])


def test_the_whole_is_one() -> None:
    assert is_complete(RESPONSE)


@pytest.mark.parametrize("response", [b"HTTP/1.1 500 Internal Server Error\r\n", b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n"])
def test_another_answer_ends_the_measurement(response: bytes) -> None:
    with pytest.raises(RuntimeError):
        is_complete(response)


def test_each_user_asks_for_itself() -> None:
    assert b"GET /api/v1/items/1007 HTTP/1.1" in request_of(7)
    assert b"x-user-id: user-00007\r\n" in request_of(7)
    assert len(request_of(7)) == len(request_of(999))
