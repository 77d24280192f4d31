"""How is a server reached, without being held up by one that does not answer when we are told to stop?"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from threading import Event
from time import monotonic
from typing import Any, Final

LOOK_EVERY: Final = 0.25  # seconds between two looks whether we are to stop
_KEEP_ALIVE: Final = 120  # seconds of silence after which the network is asked whether the other end is still there


def reach(host: str, port: int, timeout: float, stop: Event) -> socket.socket:
    """Connect to the first of a host's addresses that answers. Raises OSError."""
    until, error = monotonic() + timeout, OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        try:
            _connect(connection, address, until, stop)
            _keep_alive(connection)
        except OSError as failure:
            connection.close()
            error = failure
        else:
            connection.settimeout(timeout)
            return connection
    raise error


def shake_hands(
    connection: socket.socket, context: ssl.SSLContext, host: str, timeout: float, stop: Event
) -> ssl.SSLSocket:
    """Begin TLS on a connection. Raises OSError, of which ssl.SSLError is one, and closes the connection then."""
    until = monotonic() + timeout
    private = context.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
    try:
        private.settimeout(LOOK_EVERY)
        while True:
            try:
                private.do_handshake()
            except TimeoutError:  # what came is kept: it goes on from there
                _look(until, stop)
            else:
                private.settimeout(timeout)
                return private
    except BaseException:
        private.close()
        raise


def loopback(host: str) -> bool:
    """Whether all addresses of this host are our own machine's."""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(str(address[4][0]).startswith("127.") or address[4][0] == "::1" for address in found)


def _connect(connection: socket.socket, address: Any, until: float, stop: Event) -> None:
    connection.setblocking(False)
    failed = connection.connect_ex(address)
    poll = select.poll()  # not select(): it knows no descriptor above 1023
    poll.register(connection, select.POLLOUT)
    while failed == errno.EINPROGRESS:
        if poll.poll(LOOK_EVERY * 1000):
            failed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        else:
            _look(until, stop)
    if failed:
        raise OSError(failed, os.strerror(failed))


def _look(until: float, stop: Event) -> None:
    if stop.is_set():
        raise InterruptedError("no answer yet, and we are told to stop")
    if monotonic() > until:
        raise TimeoutError


def _keep_alive(connection: socket.socket) -> None:
    """Have a connection whose other end is gone without a word break, also while nobody says anything (IDLE)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):  # not every system has them
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), _KEEP_ALIVE)
