"""The second fence: with the guard taken away, PostgreSQL alone keeps the rows of others."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import pytest
import sqlalchemy as sa
from browser import Browser
from fastapi import APIRouter, Depends
from sqlalchemy.engine import make_url
from world import FOREIGN, OWN, World

from cyberposture.cli.doctor import Symptom, examine
from cyberposture.errors import NotFound
from cyberposture.services.people.memberships import Given, grant, send_new_link
from cyberposture.services.people.reach import NOBODY, fence_of
from cyberposture.settings import Settings
from cyberposture.store import tables as t
from cyberposture.store.institutions import get_institution_id
from cyberposture.web import surroundings
from cyberposture.web.surroundings import COOKIE, Allowed, Visit

ROWS = ("answers", "evidence", "findings", "facts", "remarks", "assessments", "contradictions",
        "scans")  # fmt: skip
"""Remarks are what is said in comments."""
POSTGRESQL = pytest.param("postgresql", marks=[pytest.mark.store, pytest.mark.loopback])
pytestmark = pytest.mark.parametrize("world", [POSTGRESQL], indirect=True, scope="module")

router = APIRouter()


@router.get("/institutions/{institution}/every-row")
def count_rows(institution: str, visit: Annotated[Visit, Depends(Allowed("see-answers"))]):
    """Count the rows by their institutions, as a page that forgot to ask for its own would."""
    found: dict[str, dict[str, int]] = {}
    with visit.register.reading() as connection:
        for name in ROWS:
            owner = t.metadata.tables[name].c.institution_id
            query = sa.select(owner, sa.func.count()).group_by(owner)
            found[name] = {str(one): count for one, count in connection.execute(query)}
    return found


@pytest.fixture(scope="module")
def portal(world: World) -> Iterator[Browser]:
    world.app.include_router(router)
    browser = Browser(world.app)
    yield browser
    browser.close()


def key_of(world: World, code: str) -> str:
    with world.register.reading() as connection:
        return str(get_institution_id(connection, code))


def counted(portal: Browser, world: World, role: str, at: str) -> dict[str, dict[str, int]]:
    cookie = world.session_of(world.person_of(role))
    answer = portal.ask("GET", f"/institutions/{at}/every-row", cookies={COOKIE: cookie})
    assert answer.status == 200, answer.text
    return json.loads(answer.text)


def test_the_account_is_held_and_there_is_something_to_keep_apart(world, portal):
    assert world.register.database.has_fence()
    seen = counted(portal, world, "cert-administrator", OWN)
    both = {key_of(world, OWN), key_of(world, FOREIGN)}
    assert {name for name in ROWS if both <= set(seen[name])} == set(ROWS)


def test_the_doctor_says_whether_the_account_is_held(world, postgres_url):
    assert fence_told(world.runtime.settings).is_well
    server = make_url(postgres_url)
    open_to_all = make_url(world.runtime.settings.register_url).set(
        username=server.username, password=server.password
    )
    url = open_to_all.render_as_string(hide_password=False)
    told = fence_told(world.runtime.settings.model_copy(update={"database_url": url}))
    assert not told.is_well
    assert "superuser" in told.says


def fence_told(settings: Settings) -> Symptom:
    return next(one for one in examine(settings, "tests") if one.what == "second fence")


@pytest.mark.parametrize("role", ["institution-lead", "contributor", "signatory", "reviewer"])
def test_without_the_guard_nobody_gets_a_row_of_another(world, portal, monkeypatch, role):
    monkeypatch.setattr(surroundings, "require_allowed", lambda *_: None)
    own = counted(portal, world, role, OWN)
    assert {key for seen in own.values() for key in seen} == {key_of(world, OWN)}
    assert counted(portal, world, role, FOREIGN) == {name: {} for name in ROWS}


def test_a_pooled_connection_keeps_no_fence(world, portal):
    counted(portal, world, "institution-lead", OWN)
    seen = counted(portal, world, "cert-administrator", OWN)
    assert key_of(world, FOREIGN) in seen["findings"]


def test_behind_the_fence_a_role_held_elsewhere_still_counts(world):
    """Else a lead could make a link that takes over what somebody may do at another house."""
    lead = world.acting(world.person_of("institution-lead"))
    fenced = replace(lead, fence=fence_of(lead, OWN))
    send_new_link(fenced, f"m-{OWN}", institution=OWN)
    grant(world.register, f"m-{OWN}", Given("contributor", FOREIGN))
    with pytest.raises(NotFound):
        send_new_link(fenced, f"m-{OWN}", institution=OWN)


def test_whoever_reaches_nothing_is_behind_the_fence_of_nobody(world):
    assert fence_of(world.register, None) == fence_of(world.register, "no-house") == NOBODY
