"""Unit tests need no server, no other process and no model: what asks for one here fails."""

from __future__ import annotations

import socket
import subprocess

import numpy.testing  # noqa: F401 - before 2.2 its import asks a process for the processor
import pytest

import search.encoders
import search.encoders.bundled


@pytest.fixture(autouse=True)
def nothing_but_our_code():
    """Sockets, processes and models are out of reach, whichever way they are asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "listen", _refused("a socket"))
        patch.setattr(socket.socket, "connect", _refused("a socket"))
        patch.setattr(subprocess.Popen, "__init__", _refused("a process"))
        patch.setattr("os.fork", _refused("a process"))
        patch.setattr(search.encoders.bundled.BundledEncoder, "__init__", _refused("a model"))
        yield


def _refused(what):
    def refused(*arguments, **named):
        pytest.fail(f"a unit test asked for {what}: it belongs into another folder of tests")

    return refused
