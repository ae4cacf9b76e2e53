"""On what institutions depend: what they declare, what tables say, what lies behind services."""

from datetime import timedelta

import pytest

from cyberposture.model.observations import Fact, Looked, ProductFact
from cyberposture.scoring.systemic import Dependency
from cyberposture.services.institutions import shared_services
from cyberposture.services.reports.dependencies import family_of, gather_dependencies
from cyberposture.store import findings

HOSTING = "Invented Hosting Ltd (fictional)"
CLEAN, FLAWED = Looked(answer="no"), Looked(answer="yes")


def product(seen: str, version: str | None = None, flaw: Looked = CLEAN, **more) -> ProductFact:
    return ProductFact(
        port=443,
        seen=seen,
        version=version,
        flawed=flaw,
        exploited=CLEAN,
        unsupported=CLEAN,
        **more,
    )


def gathered(office, *codes: str) -> set[Dependency]:
    names = {office.id_of(code): code for code in codes}
    with office.register.reading() as connection:
        standing = findings.list_findings(connection, states=("open", "disputed"))
        return set(gather_dependencies(connection, names, standing, office.clock()))


def told(office, address: str, technique: str, **more) -> list[Fact]:
    now = office.clock()
    return [
        Fact(
            address=address, technique=technique, outcome="answered", started_at=now, ended_at=now,
            **more,
        )
    ]  # fmt: skip


def test_hosts_say_who_hosts_them_and_everything_else_who_supplies_it(office):
    office.institution("hill-office")
    office.declare(
        "hill-office",
        {"id": "a", "kind": "host", "addresses": ["127.9.0.1"], "third_party": HOSTING},
        {"id": "b", "kind": "supplier", "title": "Paper Mill (fictional)"},
        {"id": "c", "kind": "domain", "names": ["hill.invalid"], "third_party": "Names Ltd"},
        {"id": "d", "kind": "supplier"},
    )
    assert gathered(office, "hill-office") == {
        Dependency("hill-office", "hosting", HOSTING, "declared"),
        Dependency("hill-office", "supplier", "Paper Mill (fictional)", "declared"),
        Dependency("hill-office", "supplier", "Names Ltd", "declared"),
        Dependency("hill-office", "supplier", "d", "declared"),
    }


def test_what_tables_say_is_observed_and_a_confirmed_product_declared_too(office):
    office.institution("hill-office")
    found = [
        product("ExampleHTTP 1.4.2", "1.4.2", FLAWED, confirmation="V-1"),
        product("OtherMail 9", "9"),
    ]
    office.judge(
        "hill-office",
        told(office, "127.9.0.1", "data-versions", products=tuple(found)),
        told(office, "127.9.0.1", "data-location", told={"network": 64500}),
        told(
            office, "192.0.2.0/24", "data-routes", subject="prefix",
            parameters={"is_declared": False}, told={"announced": True, "network": 64501},
        ),
        told(
            office, "198.51.100.0/24", "data-routes", subject="prefix",
            parameters={"is_declared": True}, told={"announced": True},
        ),
    )  # fmt: skip
    assert gathered(office, "hill-office") == {
        Dependency("hill-office", "software", "ExampleHTTP 1.4", "observed", True),
        Dependency("hill-office", "software", "ExampleHTTP 1.4", "declared", True),
        Dependency("hill-office", "software", "OtherMail 9", "observed"),
        Dependency("hill-office", "network", "AS64500", "observed"),
        Dependency("hill-office", "network", "AS64501", "observed"),
        Dependency("hill-office", "route", "192.0.2.0/24", "observed"),
    }


def test_users_of_a_service_depend_on_the_suppliers_of_its_provider(office):
    for code in ("data-centre", "hill-office", "dale-office"):
        office.institution(code)
    fibre = {"id": "f", "kind": "supplier", "title": "Fibre (fictional)"}
    office.declare("data-centre", fibre)
    shared_services.found_service(office.register, "data-centre", "platform", "Common platform")
    shared_services.use_service(office.register, "hill-office", "platform")
    assert gathered(office, "hill-office", "dale-office") == {
        Dependency("hill-office", "service", "Common platform", "declared"),
        Dependency(
            "hill-office", "supplier", "Fibre (fictional)", "declared", False, "Common platform"
        ),
        Dependency("data-centre", "supplier", "Fibre (fictional)", "declared"),
    }
    shared_services.leave_service(office.register, "hill-office", "platform")
    office.clock.forward(days=1)
    assert not any(one.through for one in gathered(office, "hill-office", "dale-office"))


def test_a_service_that_is_closed_is_no_dependency(office):
    office.institution("data-centre")
    office.institution("hill-office")
    shared_services.found_service(office.register, "data-centre", "platform", "Common platform")
    shared_services.use_service(office.register, "hill-office", "platform")
    shared_services.close_service(office.register, "platform")
    office.clock.forward(**{"seconds": timedelta(days=1).total_seconds()})
    assert gathered(office, "hill-office") == set()


@pytest.mark.parametrize(
    ("one", "family"),
    [
        (product("nginx 1.18.0", "1.18.0"), "nginx 1.18"),
        (product("OpenSSH 8.9p1", "8.9p1"), "OpenSSH 8.9"),
        (product("VNC"), "VNC"),
        (product("Something 3.x", "3.x"), "Something"),
        (product("Mailer", "9"), "Mailer 9"),
    ],
)
def test_a_family_is_a_product_and_the_first_two_numbers_of_its_version(one, family):
    assert family_of(one) == family
