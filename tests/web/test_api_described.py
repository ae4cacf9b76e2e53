"""The API does what its own description says, whatever is asked of it."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from test_api import WALKS, secret_of
from world import CONTROL, OWN, ROUND, World

from cyberposture.web.api.bearer import PREFIX

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PLACES = {"institution": OWN, "round_code": ROUND, "control": CONTROL}
FEW = settings(
    max_examples=12,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def described(world: World) -> Any:
    """The description as the portal gives it out."""
    return schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", world.app)


@pytest.fixture(scope="module")
def headers(world: World) -> list[dict[str, str]]:
    """What two people's machines send: one of an institution, one of the centre."""
    secrets = [secret_of(world, role) for role in ("institution-lead", "cert-analyst")]
    return [{"Authorization": f"Bearer {secret}"} for secret in secrets]


@pytest.mark.hypothesis
@pytest.mark.parametrize("walk", WALKS, ids=str)
@pytest.mark.parametrize("is_there", [False, True], ids=["anywhere", "where something stands"])
def test_every_answer_is_one_that_is_described(described, headers, walk, is_there):
    operation = described[walk.path][walk.method]
    seen = []

    @FEW
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        for name, value in PLACES.items() if is_there else ():
            if name in (case.path_parameters or {}):
                case.path_parameters[name] = value
        if is_there and walk.method == "PUT":
            case.headers["If-Match"] = '"0"'
        for header in headers:
            answer = case.call_and_validate(headers=header, checks=CHECKS)
            seen.append(answer.status_code)

    ask()
    assert len(seen) >= 12 and 401 not in seen
