"""Files for other programs: given to whom they are meant for, on record, with the same numbers."""

import json
from typing import Any

import pytest
from browser import Answer, Browser
from world import FOREIGN, OWN, ROUND, World

from cyberposture.exchange.oscal.results_in import read_results
from cyberposture.services.exports import oscal
from cyberposture.services.people.tokens import SCOPES, make_token
from cyberposture.services.proof import audit
from cyberposture.services.scores import score
from cyberposture.web.api.bearer import PREFIX

OSCAL = f"/institutions/{OWN}/results/download"


def get(world: World, browser: Browser, role: Any, at: str) -> Answer:
    return browser.ask("GET", at, cookies={"session": world.session_of(world.person_of(role))})


def newest(world: World) -> Any:
    return audit.read_entries(world.register)[-1]


@pytest.mark.parametrize("role", ["institution-lead", "cert-administrator"])
def test_results_are_given_out_as_a_file_and_put_on_record(world, browser, role):
    answer = get(world, browser, role, OSCAL)
    assert answer.status == 200
    assert answer.headers["content-disposition"].startswith("attachment; ")
    found = read_results("results.json", answer.text.encode())
    assert found.heading.institution == OWN
    entry = newest(world)
    assert (entry.kind, entry.act.actor) == ("oscal-exported", world.person_of(role))
    assert entry.data["document_sha256"] == found.heading.document_sha256


def test_a_plan_is_of_a_round_and_a_round_without_a_score_has_no_results(world, browser):
    def ask(**query: str) -> Answer:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        return get(world, browser, "institution-lead", f"{OSCAL}?{words}")

    plan = ask(kind="plan", round_code=ROUND)
    assert "assessment-plan" in json.loads(plan.text)
    assert ask(kind="plan").status == 404
    assert ask(kind="results", round_code=ROUND).status == 404
    assert ask(kind="ssp").status == 422
    poam = json.loads(ask(kind="poam").text)["plan-of-action-and-milestones"]
    assert poam["poam-items"]


@pytest.mark.parametrize("form", ["csv", "json", "sarif", "defectdojo"])
def test_findings_are_those_that_somebody_may_see(world, browser, form):
    own, foreign = (world.places["finding"][code] for code in (OWN, FOREIGN))

    def shown(role: Any, at: str) -> tuple[bool, bool]:
        answer = get(world, browser, role, f"{at}?form={form}")
        assert answer.status == 200, answer.text
        return own in answer.text, foreign in answer.text

    assert shown("institution-lead", f"/institutions/{OWN}/network/download") == (True, False)
    assert shown("sector-regulator", "/cert/findings/download") == (True, False)
    assert shown("cert-analyst", "/cert/findings/download") == (True, True)
    assert newest(world).kind == "findings-exported"
    assert newest(world).data["institutions"] == sorted([OWN, FOREIGN])


def test_pages_lead_to_the_files_of_those_who_may_have_them(world, browser):
    at = f"/institutions/{OWN}/results"
    assert f"{OSCAL}?kind=results" in get(world, browser, "institution-lead", at).text
    for role in ("observer", "cert-analyst", "sector-regulator"):
        assert OSCAL not in get(world, browser, role, at).text
    page = get(world, browser, "cert-analyst", "/cert/findings").text
    assert "/cert/findings/download?form=sarif" in page


def test_the_api_says_the_numbers_of_the_file(world, browser):
    """Whole, domains and controls of one moment; files of kept scores are in tests/services."""
    register = world.acting(world.person_of("institution-lead"))
    kept = score.score_live(register, OWN)
    secret = make_token(register, "a tool (invented)", SCOPES, 30)[1]

    def ask(at: str) -> Any:
        answer = browser.ask("GET", f"{PREFIX}{at}", authorization=f"Bearer {secret}")
        assert answer.status == 200, answer.text
        return json.loads(answer.text)

    told = ask(f"/institutions/{OWN}/scores/{kept.summary.id}")
    listed = ask(f"/institutions/{OWN}/scores?limit=200")["items"][-1]
    assert {name: told[name] for name in listed} == listed
    assert told["result"] == kept.result
    assert (told["digest"], told["result_digest"]) == (kept.document_sha256, kept.result_sha256)
    made = oscal.make_results(register, OWN)
    found = read_results(made.name, made.data).result.model_dump(mode="json")
    assert found == told["result"]
    assert [told[name] for name in ("declared", "verified", "coverage")] == [
        found["institution"][name] for name in ("declared", "verified", "coverage")
    ]


def test_a_score_of_another_institution_is_not_there(world, browser):
    register = world.acting(world.person_of("institution-lead"))
    secret = make_token(register, "another tool (invented)", SCOPES, 30)[1]
    at = f"{PREFIX}/institutions/{OWN}/scores/{world.places['score_id'][FOREIGN]}"
    assert browser.ask("GET", at, authorization=f"Bearer {secret}").status == 404
