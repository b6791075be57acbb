"""The port of the service, taken before anything is started."""

import socket

import pytest

from api.serving.embedded_service import PortTaken, listen


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_reply_never_waits_for_the_kernel_of_the_client(host: str) -> None:
    with listen(host, 0) as listening, socket.create_connection(listening.getsockname()[:2]):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_port_is_said_to_be() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port} cannot be listened on.*--port"):
            listen("127.0.0.1", port)
