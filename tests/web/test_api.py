"""The API: who reaches what with a token, answers that nobody loses, pages of long lists."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from browser import Answer, Browser
from fastapi.routing import APIRoute
from test_every_route import Walk, is_open
from world import CONTROL, FOREIGN, FORM_KEY, NOWHERE, OWN, ROLES, ROUND, World

from cyberposture.errors import InvalidInput, NotFound
from cyberposture.services.people import tokens
from cyberposture.services.people.tokens import SCOPES, find_bearer, make_token
from cyberposture.web import api
from cyberposture.web.api.bearer import PREFIX, Permitted
from cyberposture.web.pages import find_routers

HERE = f"{PREFIX}/institutions/{OWN}/rounds/{ROUND}"
ANSWER = f"{HERE}/answers/{CONTROL}"


@dataclass(frozen=True)
class Machine:
    """Asks the API with one token."""

    browser: Browser
    secret: str

    def ask(self, method: str, at: str, body: Any = None, **headers: str) -> Answer:
        """Send one request with the token."""
        sent = {"authorization": f"Bearer {self.secret}", **headers} if self.secret else headers
        return self.browser.ask(method, at, json=body, **sent)

    def get(self, at: str, **headers: str) -> Any:
        """Return what is read there."""
        answer = self.ask("GET", at, **headers)
        assert answer.status == 200, answer.text
        return json.loads(answer.text)


def secret_of(world: World, role: Any, *scopes: str, days: int = 30) -> str:
    register = world.acting(world.person_of(role))
    return make_token(register, "a tool (invented)", scopes or SCOPES, days)[1]


@pytest.fixture(scope="module")
def machines(world, browser) -> dict[str, Machine]:
    return {role: Machine(browser, secret_of(world, role)) for role in ROLES}


@pytest.fixture
def lead(machines) -> Machine:
    return machines["institution-lead"]


def find_walks() -> Iterator[Walk]:
    for router in find_routers(api):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            guards = [d.call for d in route.dependant.dependencies if isinstance(d.call, Permitted)]
            assert len(guards) == 1, f"{route.path} declares {len(guards)} actions"
            for method in sorted(route.methods):
                yield Walk(method, route.path, guards[0].action)


WALKS = list(find_walks())


@pytest.mark.parametrize("walk", WALKS, ids=str)
def test_each_role_reaches_what_the_table_says_and_nothing_else(world, machines, walk):
    for role in ROLES:
        for place in (OWN, FOREIGN, NOWHERE):
            body = {} if walk.method == "PUT" else None
            answer = machines[role].ask(walk.method, walk.at(world, place), body)
            is_refused = answer.status == 403
            assert is_refused is not is_open(walk, role, place), f"{walk} as {role} at {place}"
            assert answer.status in (200, 403, 404, 428), f"{walk} as {role}: {answer.text}"


@pytest.mark.parametrize("walk", WALKS, ids=str)
def test_without_a_token_in_use_nothing_is_told(world, browser, walk):
    used = [Machine(browser, secret) for secret in ("", "cyberposture_guess", "x" * 5000)]
    for machine in used:
        answer = machine.ask(walk.method, walk.at(world, OWN), {})
        assert answer.status == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.text)["type"] == "no-token"


def test_a_cookie_opens_nothing_here(world, browser):
    cookie = world.session_of(world.person_of("institution-lead"))
    assert browser.ask("GET", f"{PREFIX}/me", cookies={"session": cookie}).status == 401


def test_a_token_is_for_its_purposes_alone(world, browser):
    machine = Machine(browser, secret_of(world, "institution-lead", "results"))
    machine.get(f"{PREFIX}/institutions/{OWN}/scores")
    refused = machine.ask("GET", f"{HERE}/questions")
    assert refused.status == 403
    assert json.loads(refused.text)["detail"].endswith("this token is not for answers")
    reader = Machine(browser, secret_of(world, "institution-lead", "answers"))
    assert reader.ask("PUT", ANSWER, {"level": 1}, **{"if-match": '"0"'}).status == 403


def test_a_token_ends_by_hand_by_time_and_with_its_owner(world, browser):
    register = world.acting(world.person_of("contributor"))
    record, secret = make_token(register, "short", ("answers",), 1)
    assert find_bearer(register, secret) is not None
    tokens.end_token(register, record.id)
    assert find_bearer(register, secret) is None
    with pytest.raises(NotFound):
        tokens.end_token(register, record.id)
    record, secret = make_token(register, "short", ("answers",), 1)
    with pytest.raises(NotFound):
        tokens.end_token(world.acting(world.person_of("institution-lead")), record.id)
    later = world.at(timedelta(days=1), world.person_of("contributor"))
    assert find_bearer(later, secret) is None


@pytest.mark.parametrize(
    ("name", "scopes", "days", "where"),
    [("", ("answers",), 30, "name"), ("a", (), 30, "scopes"), ("a", ("all",), 30, "scopes"),
     ("a", ("answers",), 0, "days"), ("a", ("answers",), 366, "days")],
)  # fmt: skip
def test_what_is_wrong_with_a_token_is_said_by_field(world, name, scopes, days, where):
    with pytest.raises(InvalidInput) as caught:
        make_token(world.acting(world.person_of("institution-lead")), name, scopes, days)
    assert [fault.where for fault in caught.value.faults] == [where]


def test_the_secret_is_kept_nowhere(world):
    secret = secret_of(world, "institution-lead")
    folder = world.runtime.settings.workspace
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(secret.encode() in data for data in files)


def test_an_answer_is_written_over_the_revision_that_was_read_and_no_other(lead):
    first = lead.ask("GET", ANSWER)
    seen = first.headers["etag"]
    written = lead.ask("PUT", ANSWER, {"level": 2, "reason": "All of them."}, **{"if-match": seen})
    assert written.status == 200, written.text
    said = json.loads(written.text)
    assert (said["level"], said["reason"]) == (2, "All of them.")
    assert written.headers["etag"] == f'"{said["revision"]}"' != seen
    late = lead.ask("PUT", ANSWER, {"level": 0}, **{"if-match": seen})
    assert (late.status, json.loads(late.text)["type"]) == (412, "answered-meanwhile")
    assert lead.get(ANSWER) == said
    unseen = lead.ask("PUT", ANSWER, {"level": 0})
    assert unseen.status == 428 and lead.get(ANSWER) == said
    unchanged = lead.ask("GET", ANSWER, **{"if-none-match": written.headers["etag"]})
    assert (unchanged.status, unchanged.body) == (304, b"")


@pytest.mark.parametrize(
    ("body", "where"),
    [({"level": 4}, "body.level"), ({"levels": 1}, "body.levels"), ({"level": "all"}, "body.level"),
     ({"level": 1, "not_applicable": "no mail"}, "not_applicable"),
     ({"not_applicable": " "}, "not_applicable"), ([1], "body")],
)  # fmt: skip
def test_a_wrong_answer_is_located_and_changes_nothing(lead, body, where):
    before = lead.ask("GET", ANSWER)
    answer = lead.ask("PUT", ANSWER, body, **{"if-match": before.headers["etag"]})
    assert answer.status == 422
    assert where in [fault["where"] for fault in json.loads(answer.text)["faults"]]
    assert lead.ask("GET", ANSWER).body == before.body


@pytest.mark.parametrize("tag", ["3", "*", 'W/"3"', '"x"', '"1", "2"', '"9999999999999"'])
def test_a_revision_is_a_number_in_quotation_marks(lead, tag):
    assert lead.ask("PUT", ANSWER, {"level": 1}, **{"if-match": tag}).status == 422


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_pages_together_are_the_list_each_row_once(lead, limit):
    whole = lead.get(f"{HERE}/questions?limit=200")
    assert whole["next"] is None and len(whole["items"]) > 20
    seen, after = [], ""
    while after is not None:
        page = lead.get(f"{HERE}/questions?limit={limit}&after={after}")
        assert len(page["items"]) <= limit
        seen += page["items"]
        after = page["next"]
    assert seen == whole["items"]


def test_what_is_not_there_is_told_in_json(lead):
    for at in (f"{PREFIX}/nothing", f"{HERE}/answers/NO-99", f"{HERE}/questions?after=NO-99",
               f"{HERE}/questions?limit=0"):  # fmt: skip
        answer = lead.ask("GET", at)
        assert answer.status in (404, 422)
        assert answer.headers["content-type"] == "application/problem+json"
    assert lead.ask("DELETE", ANSWER).status == 405


def test_institutions_are_those_that_its_owner_may_see(machines):
    def codes(role: str) -> list[str]:
        return [one["code"] for one in machines[role].get(f"{PREFIX}/institutions")["items"]]

    assert codes("cert-analyst") == sorted([OWN, FOREIGN])
    assert codes("sector-regulator") == [OWN]


def test_the_description_names_every_route_of_the_api_and_no_page(browser):
    told = json.loads(browser.ask("GET", f"{PREFIX}/openapi.json").text)
    assert set(told["paths"]) == {walk.path for walk in WALKS}
    for path, methods in told["paths"].items():
        for method, route in methods.items():
            assert {"401", "403", "404", "422"} <= set(route["responses"]), f"{method} {path}"
            assert route["security"], f"{method} {path}"


def test_a_token_is_made_and_ended_on_its_page_and_shown_once(world, browser):
    cookie = {"session": world.session_of(world.person_of("institution-lead"))}
    form = {
        "form_key": FORM_KEY,
        "name": "The dashboard (invented)",
        "scopes": "results",
        "days": "7",
    }
    made = browser.ask("POST", "/account/tokens", form=form, cookies=cookie)
    (secret,) = re.findall(r"cyberposture_[\w-]+", made.text)
    assert Machine(browser, secret).get(f"{PREFIX}/me")["person"] == "p-institution-lead"
    page = browser.ask("GET", "/account/tokens", cookies=cookie).text
    assert secret not in page and "The dashboard (invented)" in page
    (own,) = [one for one in tokens.list_tokens(world.acting("p-institution-lead"))
              if one.name == "The dashboard (invented)"]  # fmt: skip
    at = f"/account/tokens/{own.id}/end"
    assert browser.ask("POST", at, form={"form_key": FORM_KEY}, cookies=cookie).status == 303
    assert Machine(browser, secret).ask("GET", f"{PREFIX}/me").status == 401
    wrong = browser.ask("POST", "/account/tokens", form={**form, "days": "many"}, cookies=cookie)
    assert wrong.status == 422
    assert 'href="#days"' in wrong.text and "The dashboard (invented)" in wrong.text
