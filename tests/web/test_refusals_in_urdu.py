"""What a service refuses reads in Urdu on an Urdu page: beside its field, or as a page."""

import pytest
from browser import Answer, Browser
from world import FORM_KEY, OWN, ROUND, World

from cyberposture.web.surroundings import COOKIE

AT = f"/institutions/{OWN}/rounds/{ROUND}"
ENGLISH = ("nothing is written", "choose a day", "for the roles", "after the beginning")


@pytest.fixture
def post(world: World, browser: Browser):
    """Send a form as the lead who reads Urdu."""
    token = world.session_of(world.person_of("institution-lead"))

    def send(path: str, language: str = "ur", **form: str) -> Answer:
        cookies = {COOKIE: token, "language": language}
        return browser.ask("POST", path, form={"form_key": FORM_KEY, **form}, cookies=cookies)

    return send


@pytest.mark.parametrize(
    ("path", "form", "status", "said"),
    [
        (f"/institutions/{OWN}/questions", {"question": " "}, 422, "یہاں ابھی کچھ نہیں لکھا گیا"),
        (f"{AT}/more-time", {"wished": "2020-01-01", "reason": "x"}, 422, "ایسا دن چنیں"),
        ("/cert/people", {"name": "N. New (invented)"}, 403, "آپ کے کرداروں کے لیے نہیں"),
        (f"{AT}/answers/GOV/ZZZ-99", {"level": "1"}, 404, "ZZZ-99"),
        (f"/institutions/{OWN}/people", {"name": "N. New (invented)", "role": "observer",
         "valid_until": "2020-01-01"}, 422, "گزرا ہوا نہ ہو"),
    ],
)  # fmt: skip
def test_a_refusal_is_said_in_urdu(post, path, form, status, said):
    answer = post(path, **form)
    assert answer.status == status, answer.text[:2000]
    assert said in answer.text
    assert [one for one in ENGLISH if one in answer.text] == []


def test_in_english_it_reads_as_the_service_says_it(post):
    answer = post(f"/institutions/{OWN}/questions", language="en", question=" ")
    assert "nothing is written here yet" in answer.text
