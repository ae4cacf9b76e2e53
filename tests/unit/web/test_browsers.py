"""A session is told by the browser's plain name."""

import pytest

from cyberposture.web.browsers import name_browser

KIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Safari/537.36", ("Chrome", "Windows")),
        (f"Mozilla/5.0 (Windows NT 10.0) {KIT} Safari/537.36 Edg/131.0", ("Edge", "Windows")),
        (f"Mozilla/5.0 (Linux; Android 10; K) {KIT} Mobile Safari/537.36", ("Chrome", "Android")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0", ("Firefox", "Linux")),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1",
            ("Safari", "iPhone"),
        ),
        ("a program of ours", ("", "")),
    ],
)
def test_a_browser_is_named_as_people_name_it(agent, named):
    assert name_browser(agent) == named
