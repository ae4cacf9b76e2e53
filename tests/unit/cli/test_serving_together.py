"""Parts that run side by side end together, and the one that failed is named."""

import socket
import threading

import pytest

from cyberposture.cli.serve import listen
from cyberposture.cli.serving import Part, run_together
from cyberposture.errors import MissingService


class Waiting:
    """A part that runs until it is stopped."""

    def __init__(self):
        self.stopped = threading.Event()
        self.is_done = False

    def part(self, name="waiting"):
        """Return it as a part."""

        def run():
            assert self.stopped.wait(10)
            self.is_done = True

        return Part(name, run, self.stopped.set)


def failing(error):
    def run():
        raise error

    return Part("engine", run, lambda: None)


def test_all_parts_end_when_the_process_is_told_to():
    ended, parts = threading.Event(), [Waiting(), Waiting()]
    threading.Timer(0.05, ended.set).start()
    run_together([one.part() for one in parts], ended)
    assert all(one.is_done for one in parts)


@pytest.mark.parametrize(
    ("error", "said"),
    [(ValueError("no steam"), "ValueError: no steam"), (SystemExit(3), "SystemExit: 3")],
)
def test_part_that_fails_ends_the_others_and_is_named(error, said):
    other = Waiting()
    with pytest.raises(MissingService, match=f"the engine failed: {said}"):
        run_together([other.part(), failing(error)], threading.Event())
    assert other.is_done


def test_part_that_ends_by_itself_has_failed():
    other = Waiting()
    with pytest.raises(MissingService, match="the engine failed: it ended by itself"):
        run_together([other.part(), Part("engine", lambda: None, lambda: None)], threading.Event())
    assert other.is_done


def test_part_that_fails_while_it_is_ended_is_told_too():
    told = threading.Event()

    def run():
        assert told.wait(10)
        raise OSError("the disk is full")

    ended = threading.Event()
    threading.Timer(0.05, ended.set).start()
    with pytest.raises(MissingService, match="the disk is full"):
        run_together([Part("engine", run, told.set)], ended)


@pytest.mark.loopback
def test_what_the_portal_accepts_sends_at_once():
    with (
        listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname(), 5),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
