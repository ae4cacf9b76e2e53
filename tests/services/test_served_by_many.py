"""Many portals over one PostgreSQL: each serves, one is the clock, and another takes over."""

import http.client
import re
import signal

import pytest
from fleet import fleet_over, kill

from cyberposture.clock import utc_now

ENGINES = ("postgresql",)
pytestmark = [pytest.mark.loopback, pytest.mark.slow]
PLACE = re.compile(r"^(portal.*): http://127\.0\.0\.1:(\d+);", re.MULTILINE)


@pytest.fixture
def clock():
    """The real time: other processes know no other."""
    return utc_now


@pytest.fixture
def fleet(office, tmp_path, register_url):
    """Processes over the office's register."""
    with fleet_over(tmp_path, register_url) as fleet:
        yield fleet


def is_well(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b"ok\n"
    except OSError:
        return False
    finally:
        connection.close()


def test_one_portal_of_many_is_the_clock_and_another_takes_over(office, fleet):
    first = fleet.start("serve", "--port", "0")
    fleet.wait_until(lambda: "the clock runs" in fleet.said())
    second = fleet.start("serve", "--port", "0")
    third = fleet.start("serve", "--port", "0", "--no-clock")
    fleet.wait_until(lambda: "another clock runs" in fleet.said())
    fleet.wait_until(lambda: len(PLACE.findall(fleet.said())) == 3)
    places = PLACE.findall(fleet.said())
    assert sorted(names for names, _ in places) == ["portal", "portal, clock", "portal, clock"]
    fleet.wait_until(lambda: all(is_well(int(port)) for _, port in places))
    kill(first)
    fleet.wait_until(lambda: fleet.said().count("the clock runs") == 2)
    for process in (second, third):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(20) for process in (second, third)] == [0, 0]
