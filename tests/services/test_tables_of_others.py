"""Tables of others: taken in whole or not at all, asked of what was seen, silent when too old."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongUsage
from cyberposture.scanning.judging.computed_products import find_exploited
from cyberposture.services.findings import from_intel as intel_observe
from cyberposture.services.findings.standing import standing_of
from cyberposture.services.intel import bundles as intel
from cyberposture.services.intel import taking_in as intel_import
from cyberposture.store import bundles
from cyberposture.store.facts import list_latest_facts

ADDRESS = "39.32.10.7"
FLAWED = "versions.versions-have-no-published-flaw"
EXPLOITED = "versions.no-known-exploited-flaw"
SUPPORTED = "versions.products-are-supported"
INVALID = "routes.announcements-are-not-invalid"
RECORDS = "routes.prefixes-have-origin-records"
PLACE = "routes.hosts-stand-where-declared"
SSH = {
    "ports": {"22": "open"},
    "rest": "closed",
    "services": {"22": {"name": "ssh", "product": "OpenSSH", "version": "7.4p1 Debian 10"}},
}


def nvd(*flaws: tuple[str, list[dict[str, Any]]], at: str = "2026-11-18T00:00:00.000") -> Any:
    return {
        "resultsPerPage": len(flaws), "startIndex": 0, "totalResults": len(flaws),
        "format": "NVD_CVE", "version": "2.0", "timestamp": at,
        "vulnerabilities": [
            {"cve": {"id": cve, "vulnStatus": "Analyzed", "configurations": [
                {"nodes": [{"operator": "OR", "negate": False, "cpeMatch": matches}]}]}}
            for cve, matches in flaws
        ],
    }  # fmt: skip


def match(product: str, **bounds: Any) -> dict[str, Any]:
    criteria = f"cpe:2.3:a:{product}:*:*:*:*:*:*:*:*"
    return {"vulnerable": True, "criteria": criteria, **bounds}


def kev(*cves: str, at: str = "2026-11-18T00:00:00.000Z") -> Any:
    return {
        "title": "a list", "catalogVersion": "1", "dateReleased": at, "count": len(cves),
        "vulnerabilities": [
            {"cveID": cve, "vendorProject": "A", "product": "B", "vulnerabilityName": "C",
             "dateAdded": "2026-01-01", "dueDate": "2026-01-22",
             "knownRansomwareCampaignUse": "Unknown"}
            for cve in cves
        ],
    }  # fmt: skip


OPENSSH = nvd(
    ("CVE-2018-15473", [match("openbsd:openssh", versionEndIncluding="7.7")]),
    ("CVE-2030-0001", [match("openbsd:openssh", versionStartIncluding="9.0")]),
)
SUPPORT = (
    "product,branch,ends_on,source\n"
    "openbsd:openssh,7,2019-10-09,a page of the maker\n"
    "cpe:/a:openbsd:openssh,9,2031-01-01,a page of the maker\n"
)


def take_in(office, kind: str, document: Any, **options: Any) -> Any:
    name = f"{kind}.json" if not isinstance(document, str) else f"{kind}.csv"
    path = office.write(name, document)
    return intel_import.import_table(office.acting(), kind, [path], **options)


def tables_about_products(office) -> None:
    take_in(office, "nvd", OPENSSH)
    take_in(office, "kev", kev("CVE-2018-15473"))
    take_in(office, "support", SUPPORT, as_of=office.clock() - timedelta(days=1))


def seen(office, code: str, **host: Any) -> None:
    """Look at a host whose SSH names its product, as nmap does."""
    facts = office.seen(ADDRESS, **(SSH | host))
    named = [
        fact.model_copy(
            update={
                "host": fact.host.model_copy(
                    update={
                        "ports": tuple(
                            port.model_copy(update={"cpe": ("cpe:/a:openbsd:openssh:7.4p1",)})
                            if port.product
                            else port
                            for port in fact.host.ports
                        )
                    }
                )
            }
        )
        for fact in facts
    ]
    office.clock.forward(minutes=1)
    office.judge(code, named)


def verdicts(office, code: str, check: str) -> list[str]:
    register = office.register
    clocks = register.content.catalogue.clocks(["government"], office.clock().date())
    with register.reading() as connection:
        found = standing_of(
            register, connection, office.id_of(code), office.clock(), None, clocks=clocks
        )
    return [row.judgement.verdict for row in found[check].rows]


def test_a_banner_opens_potential_findings_that_fail_nothing(office):
    code = office.institution()
    office.declare(code, ADDRESS)
    tables_about_products(office)
    seen(office, code)
    for check in (FLAWED, EXPLOITED, SUPPORTED):
        finding = office.finding(check)
        assert (finding.is_potential, finding.key.port, finding.state) == (True, 22, "open")
        assert verdicts(office, code, check) == ["inconclusive"]
    assert "CVE-2018-15473" in office.finding(EXPLOITED).says
    assert "2019-10-09" in office.finding(SUPPORTED).says


def test_a_web_server_that_only_we_visited_is_looked_up_by_its_own_word(office):
    code = office.institution()
    office.declare(code, ADDRESS)
    take_in(
        office, "nvd", nvd(("CVE-2030-0002", [match("nginx:nginx", versionEndIncluding="1.20")]))
    )
    take_in(office, "kev", kev("CVE-2030-0002"))
    visited = {"port": 80, "tls": False, "headers": {"Server": "nginx/1.18.0 (Ubuntu)"}}
    office.look(code, ADDRESS, ports={"80": "open"}, rest="closed", http=[visited])
    finding = office.finding(EXPLOITED)
    assert (finding.is_potential, finding.key.port) == (True, 80)
    assert "CVE-2030-0002" in finding.says


def test_every_judgement_names_the_tables_that_it_stands_on(office):
    code = office.institution()
    office.declare(code, ADDRESS)
    tables_about_products(office)
    seen(office, code)
    with office.register.reading() as connection:
        newest = bundles.newest_bundles(connection, as_of=office.clock())
        latest = list_latest_facts(connection, office.id_of(code), as_of=office.clock())
    (fact,) = [one.fact for one in latest if one.fact.technique == "data-versions"]
    used = {one["kind"]: one["sha256"] for one in fact.parameters["tables"]}
    assert used == {kind: record.bundle.sha256 for kind, record in newest.items()}
    assert newest["kev"].bundle.sha256[:12] in office.finding(EXPLOITED).says
    assert [product.port for _, product in find_exploited([fact])] == [22]


def test_a_confirmed_version_fails_and_a_mended_flaw_does_not(office):
    code = office.institution()
    office.declare(code, ADDRESS)
    tables_about_products(office)
    seen(office, code)
    on = office.clock().date()
    said = {"version": "7.4p1", "person": "Head of operations", "on": on}
    first = intel.confirm_version(office.acting(), code, ADDRESS, 22, **said)
    intel_observe.observe(office.acting(), code)
    finding = office.finding(EXPLOITED)
    assert (finding.is_potential, verdicts(office, code, EXPLOITED)) == (False, ["fail"])
    intel.withdraw_confirmation(office.acting(), code, first.code)
    intel.confirm_version(office.acting(), code, ADDRESS, 22, mended=("CVE-2018-15473",), **said)
    intel_observe.observe(office.acting(), code)
    assert office.finding(EXPLOITED).state == office.finding(FLAWED).state == "closed"
    assert verdicts(office, code, EXPLOITED) == ["pass"]
    assert verdicts(office, code, SUPPORTED) == ["fail"]


def test_a_confirmation_holds_only_while_the_same_is_seen(office):
    code = office.institution()
    office.declare(code, ADDRESS)
    tables_about_products(office)
    seen(office, code)
    said = {"version": "9.9", "person": "Head of operations", "on": office.clock().date()}
    intel.confirm_version(office.acting(), code, ADDRESS, 22, **said)
    intel_observe.observe(office.acting(), code)
    assert office.finding(SUPPORTED).state == "closed"
    other = {"22": {"name": "ssh", "product": "OpenSSH", "version": "7.4p1"}}
    seen(office, code, services=other)
    assert office.finding(SUPPORTED).state == "open"
    assert office.finding(SUPPORTED).is_potential


def test_a_confirmation_needs_a_product_a_version_and_a_day(office):
    code = office.institution()
    office.declare(code, ADDRESS)
    said = {"version": "7.4", "person": "Head of operations", "on": office.clock().date()}
    with pytest.raises(NotFound):
        intel.confirm_version(office.acting(), code, ADDRESS, 22, **said)
    wrong = {"version": "new", "person": "", "on": date(2040, 1, 1), "mended": ("CVE-1",)}
    with pytest.raises(InvalidInput) as caught:
        intel.confirm_version(office.acting(), code, "127.1", 22, **wrong)
    assert {fault.where for fault in caught.value.faults} == {
        "--address", "--version", "--person", "--on", "--mended",
    }  # fmt: skip


def test_a_table_past_its_age_turns_verdicts_not_tested(office):
    code = office.institution()
    office.declare(code, ADDRESS)
    tables_about_products(office)
    seen(office, code)
    said = {"version": "7.4p1", "person": "Head of operations", "on": office.clock().date()}
    intel.confirm_version(office.acting(), code, ADDRESS, 22, **said)
    intel_observe.observe(office.acting(), code)
    office.clock.forward(days=20)
    assert verdicts(office, code, EXPLOITED) == ["not-tested"]
    assert verdicts(office, code, SUPPORTED) == ["fail"]
    states = {one.kind: one.state for one in intel.list_kinds(office.register)}
    assert states["kev"] == states["nvd"] == "stale"
    assert (states["support"], states["rpki"]) == ("in use", "missing")
    seen(office, code)
    (row,) = [
        one for one in intel_observe.observe(office.acting(), code) if one.vantage == "external"
    ]
    assert row.verdicts["not-tested"] >= 2
    assert office.finding(EXPLOITED).state == "open"


def test_a_newer_table_closes_what_an_older_one_opened(office):
    code = office.institution()
    office.declare(code, ADDRESS)
    tables_about_products(office)
    seen(office, code)
    take_in(office, "kev", kev("CVE-2001-0001", at="2026-11-19T00:00:00Z"))
    intel_observe.observe(office.acting())
    assert office.finding(EXPLOITED).state == "closed"
    assert office.finding(FLAWED).state == "open"
    tables = intel.list_tables(office.register)
    assert [one.is_newest for one in tables if one.record.bundle.kind == "kev"] == [True, False]


def test_a_table_is_kept_once_with_digest_date_and_importer(office):
    first = take_in(office, "kev", kev("CVE-2018-15473"), reason="by courier")
    again = take_in(office, "kev", kev("CVE-2018-15473"))
    assert (first.is_new, again.is_new) == (True, False)
    assert first.record.id == again.record.id
    view = intel.get_table(office.register, first.record.bundle.sha256[:8])
    assert (view.record.act.actor, view.record.act.reason) == ("c-cert", "by courier")
    with pytest.raises(NotFound):
        intel.get_table(office.register, "ffffffffffff")


def test_only_the_cert_takes_tables_in(office):
    path = office.write("kev.json", kev("CVE-2018-15473"))
    office.invite("s-stranger", "authorising-officer")
    with pytest.raises(NotAuthorised):
        intel_import.import_table(office.acting("s-stranger", "authorising-officer"), "kev", [path])
    assert intel.list_tables(office.register) == []


@pytest.mark.parametrize(
    ("kind", "document", "options", "what"),
    [
        ("kev", kev("CVE-2018-15473", at="2031-01-01T00:00:00Z"), {}, "still to come"),
        ("support", SUPPORT, {}, "--as-of"),
        ("kev", kev(), {}, "no row"),
        ("nvd", {**OPENSSH, "totalResults": 9}, {}, "one page of 9"),
    ],
)
def test_a_table_without_a_date_or_a_part_is_refused(office, kind, document, options, what):
    with pytest.raises(InvalidInput, match=what):
        take_in(office, kind, document, **options)
    assert intel.list_tables(office.register) == []


def test_no_kind_no_age_and_no_second_date(office):
    with pytest.raises(WrongUsage):
        take_in(office, "gossip", kev("CVE-2018-15473"))
    with pytest.raises(WrongUsage):
        take_in(office, "kev", kev("CVE-2018-15473"), max_age_days=0)
    with pytest.raises(InvalidInput, match="tells its own date"):
        take_in(office, "kev", kev("CVE-2018-15473"), as_of=office.clock())


def test_pages_of_one_table_are_one_bundle_and_none_stands_twice(office):
    pages = [
        {**nvd((f"CVE-2026-000{n}", [match("a:b", versionEndExcluding="2")])), "totalResults": 2}
        for n in (1, 2)
    ]
    paths = [office.write(f"page-{n}.json", page) for n, page in enumerate(pages)]
    made = intel_import.import_table(office.acting(), "nvd", paths)
    assert (made.record.bundle.rows, made.record.bundle.details["files"]) == (2, 2)
    twice = office.write("twice.json", {**pages[0], "startIndex": 1})
    with pytest.raises(InvalidInput, match=r"twice\.json: \$\.vulnerabilities\[0\]"):
        intel_import.import_table(office.acting(), "nvd", [paths[0], twice])


ROAS = {
    "metadata": {"buildtime": "2026-11-19T00:00:00Z", "vrps": 2},
    "roas": [
        {"asn": 64500, "prefix": "39.32.0.0/16", "maxLength": 16, "ta": "apnic"},
        {"asn": "AS64500", "prefix": "39.32.10.0/24", "maxLength": 24, "ta": "apnic"},
    ],
}


def declare_place(office, code: str, **more: Any) -> None:
    office.declare(
        code,
        {"id": "server", "kind": "host", "addresses": [ADDRESS], "kept_in": ["PK"]},
        {"id": "own-block", "kind": "prefix", "prefixes": ["39.32.10.0/24"]},
        *more.get("assets", ()),
    )


@pytest.mark.parametrize(
    ("origins", "invalid", "records"),
    [
        ("39.32.10.0/24,64500\n", "pass", "pass"),
        ("39.32.10.0/24,64501\n", "fail", "pass"),
        ("39.32.10.0/24,64500\n39.32.10.128/25,64500\n", "fail", "pass"),
        ("39.32.0.0/16,64500\n", "pass", "pass"),
        ("39.33.0.0/16,64500\n", "not-applicable", "not-applicable"),
    ],
)
def test_routes_are_judged_by_their_records(office, origins, invalid, records):
    code = office.institution()
    declare_place(office, code)
    take_in(office, "rpki", ROAS)
    take_in(office, "origins", "prefix,asn\n" + origins, as_of=office.clock())
    intel_observe.observe(office.acting(), code)
    assert verdicts(office, code, INVALID) == [invalid]
    assert verdicts(office, code, RECORDS) == [records]


def test_a_providers_block_is_judged_where_none_is_declared(office):
    code = office.institution()
    office.declare(code, ADDRESS)
    take_in(office, "rpki", {**ROAS, "roas": [], "metadata": ROAS["metadata"] | {"vrps": 0}} | {
        "roas": [{"asn": 1, "prefix": "10.0.0.0/8", "maxLength": 8, "ta": "x"}],
        "metadata": {"buildtime": "2026-11-19T00:00:00Z"},
    })  # fmt: skip
    take_in(office, "origins", "prefix,asn\n39.32.0.0/16,64510\n", as_of=office.clock())
    intel_observe.observe(office.acting(), code)
    finding = office.finding(RECORDS)
    assert (finding.address, finding.is_potential) == ("39.32.0.0/16", False)
    assert "AS64510" in finding.says


def test_declared_blocks_that_nobody_looked_up_are_not_tested(office):
    code = office.institution()
    declare_place(office, code)
    register = office.register
    clocks = register.content.catalogue.clocks(["government"], office.clock().date())
    with register.reading() as connection:
        found = standing_of(
            register, connection, office.id_of(code), office.clock(), None, clocks=clocks
        )
    assert found[INVALID].tally.not_tested == 1


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ("39.32.0.0/16,PK,64500\n", "pass"),
        ("39.32.0.0/16,PK,64500\n39.32.10.0/24,DE,64501\n", "fail"),
        ("39.33.0.0/16,PK,64500\n", "inconclusive"),
    ],
)
def test_a_host_stands_where_it_is_declared_to(office, rows, verdict):
    code = office.institution()
    declare_place(office, code)
    take_in(office, "locations", "cidr,country,asn\n" + rows, as_of=office.clock())
    intel_observe.observe(office.acting(), code)
    assert verdicts(office, code, PLACE) == [verdict]


def test_the_real_list_of_exploited_flaws_is_read_whole(office, shared: Path):
    path = shared / "samples" / "kev" / "known_exploited_vulnerabilities.json"
    if not path.exists():
        pytest.skip("the sample list is not there")
    made = intel_import.import_table(office.acting(), "kev", [path])
    stated = json.loads(path.read_text())
    assert made.record.bundle.rows == stated["count"] == 1404
    with office.register.reading() as connection:
        cves = [one["cveID"] for one in stated["vulnerabilities"]]
        known = bundles.list_exploited(connection, made.record.number, cves)
    assert len(known) == 1404
    assert known["CVE-2025-48384"].product == "Git"


def test_every_question_is_answered_by_an_index(office):
    if office.register.database.dialect != "sqlite":
        pytest.skip("the plan of a small table on PostgreSQL says nothing")
    asked: list[tuple[str, Any]] = []
    with office.register.reading() as connection:

        @sa.event.listens_for(connection, "before_cursor_execute")
        def note(_connection, _cursor, statement, parameters, *_rest):
            asked.append((statement, parameters))

        keys = [("openbsd", "openssh"), ("f5", "nginx")]
        bundles.list_flaws(connection, 1, keys)
        bundles.list_exploited(connection, 1, ["CVE-2018-15473"])
        bundles.list_support_ends(connection, 1, keys)
        bundles.list_prefixes(connection, 1, ["39.32.0.0/16", "39.32.10.0/24"])
        bundles.list_within(connection, 1, "4:0", "4:f", 16, limit=9)
        sa.event.remove(connection, "before_cursor_execute", note)
        plans = [
            step[3]
            for statement, parameters in asked
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    searches = [plan for plan in plans if plan.startswith(("SEARCH", "SCAN"))]
    assert len(searches) >= 8
    # Beyond the bundle's number each search has a value of what is asked for.
    assert all(plan.startswith("SEARCH") and " AND " in plan for plan in searches), plans
