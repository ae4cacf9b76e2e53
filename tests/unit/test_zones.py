"""Time zones come out of the program's own data."""

from zoneinfo import ZoneInfoNotFoundError

import pytest

from cyberposture.clock import find_zone


def test_zones_are_the_same_whatever_the_machine_knows(monkeypatch, tmp_path):
    monkeypatch.setattr("zoneinfo.TZPATH", (str(tmp_path),))
    find_zone.cache_clear()
    assert find_zone("Asia/Karachi").key == "Asia/Karachi"


@pytest.mark.parametrize("name", ["", "Asia", "../zones", "/etc/localtime", "localtime", "asia/x"])
def test_what_is_no_zone_of_the_data_is_unknown(name):
    with pytest.raises(ZoneInfoNotFoundError):
        find_zone(name)
