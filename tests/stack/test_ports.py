"""A port in use gives an error that names the port, its owner and the setting."""

import errno
import os
import socket

import pytest

from reduse.errors import StackError
from reduse.stack.ports import check_free, told


def test_the_owner_and_the_setting_are_named() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(StackError) as caught:
            check_free({"REDUSE_PROMETHEUS_PORT": port})
    assert f"port {port}" in str(caught.value)
    assert f"process {os.getpid()}" in str(caught.value)
    assert "REDUSE_PROMETHEUS_PORT" in str(caught.value)


def test_a_free_port_is_no_error() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    check_free({"REDUSE_PROMETHEUS_PORT": port})


def test_a_port_that_this_user_may_not_have_is_not_called_taken() -> None:
    assert told("REDUSE_CRM_API_PORT", 80, errno.EACCES) == (
        "port 80 is not for this user: set REDUSE_CRM_API_PORT to one from 1024 on."
    )
