"""Names looked up and name servers asked, in a laboratory of zones good and bad.

Every fault that was planted in a zone is found, and the clean zones give no finding.
"""

import base64
import os
import random
import shutil
from dataclasses import dataclass, replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cyberposture.clock import utc_now
from cyberposture.errors import NotAuthorised
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service, Zone
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.ports import moved, needed_port_offset
from cyberposture.services.findings import views as finding_views
from cyberposture.services.proof import audit, replay
from cyberposture.services.scans import scan
from cyberposture.services.scans import views as scan_views
from cyberposture.store.database import open_database
from cyberposture.store.facts import FactRecord, JudgementRecord, list_facts, list_judgements

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.store,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

OFFSET = needed_port_offset()
CHANCE = random.SystemRandom()
_FIRST, _SECOND = CHANCE.randrange(96, 250), CHANCE.randrange(255)
NEAR, FAR = f"127.{_FIRST}.{_SECOND}", f"127.{_FIRST}.{_SECOND + 1}"
RESOLVER, POLICY, WEAK = f"{NEAR}.1", f"{NEAR}.2", f"{NEAR}.3"
FIRST, SECOND = f"{NEAR}.53", f"{FAR}.53"


def dkim_record(bits: int) -> str:
    """Return the record of a new RSA key, cut into the strings of a zone file."""
    public = rsa.generate_private_key(65_537, bits).public_key()
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"
    return " ".join(f'"{text[n : n + 200]}"' for n in range(0, len(text), 200))


def a_zone(name: str, *records: str, servers: tuple[str, ...] = (FIRST, SECOND), **more) -> Zone:
    """Return a zone as the resolver knows it, with name servers at these addresses."""
    lines = ["@ 300 IN SOA ns1 hostmaster 1 7200 900 1209600 300"]
    for number, address in enumerate(servers, start=1):
        lines += [f"@ 300 IN NS ns{number}", f"ns{number} 300 IN A {address}"]
    given = {"origin": name, "records": "\n".join([*lines, *records]), "authoritative": False}
    return Zone.model_validate({**given, **more})


SPF, MX = '@ 300 IN TXT "v=spf1 mx -all"', "@ 300 IN MX 10 mail\nmail 300 IN A 192.0.2.25"
DMARC = '_dmarc 300 IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{}"'
STS = '_mta-sts 300 IN TXT "v=STSv1; id=1"\nmta-sts 300 IN A ' + POLICY
CAA = '@ 300 IN CAA 0 issue "ca.example"'

CLEAN = a_zone(
    "clean.example", SPF, MX, DMARC.format("clean.example"), STS, CAA,
    f"s1._domainkey 300 IN TXT {dkim_record(2048)}", f"www 300 IN A {POLICY}",
    signed="yes",
)  # fmt: skip
PARKED = a_zone(
    "parked.example", "@ 300 IN MX 0 .", DMARC.format("parked.example"), CAA, signed="yes"
)


def sound(name: str, *records: str) -> tuple[str, ...]:
    """Return what a mail domain without a fault but the one to come publishes."""
    return (MX, DMARC.format(name), STS, *records)


MANY = " ".join(f"include:_{n}.z" for n in range(11))
FAULTS: dict[str, tuple[Zone, str]] = {
    "two-spf.example": (
        a_zone("two-spf.example", *sound("two-spf.example", SPF, '@ 300 IN TXT "v=spf1 a -all"')),
        "mail.spf-is-published",
    ),
    "no-spf.example": (
        a_zone("no-spf.example", *sound("no-spf.example")),
        "mail.spf-is-published",
    ),
    "open-spf.example": (
        a_zone("open-spf.example", *sound("open-spf.example", '@ 300 IN TXT "v=spf1 +all"')),
        "mail.spf-ends-in-fail",
    ),
    "loop.example": (
        a_zone(
            "loop.example",
            *sound("loop.example", '@ 300 IN TXT "v=spf1 include:x.loop.example -all"'),
            'x 300 IN TXT "v=spf1 include:loop.example -all"',
        ),
        "mail.spf-is-valid",
    ),
    "many.example": (
        a_zone(
            "many.example",
            *sound("many.example", f'@ 300 IN TXT "v=spf1 {MANY} -all"'),
        ),
        "mail.spf-is-valid",
    ),
    "lax.example": (
        a_zone("lax.example", SPF, MX, STS,
               '_dmarc 300 IN TXT "v=DMARC1; p=none; rua=mailto:a@lax.example"'),
        "mail.dmarc-is-enforced",
    ),
    "odd-dmarc.example": (
        a_zone("odd-dmarc.example", SPF, MX, STS, '_dmarc 300 IN TXT "v=DMARC1; p=block"'),
        "mail.dmarc-is-published",
    ),
    "deaf.example": (
        a_zone("deaf.example", SPF, MX, STS, '_dmarc 300 IN TXT "v=DMARC1; p=reject"'),
        "mail.dmarc-sends-reports",
    ),
    "revoked.example": (
        a_zone("revoked.example", *sound("revoked.example", SPF),
               's1._domainkey 300 IN TXT "v=DKIM1; p="'),
        "mail.dkim-keys-are-published",
    ),
    "short.example": (
        a_zone("short.example", *sound("short.example", SPF),
               f"s1._domainkey 300 IN TXT {dkim_record(1024)}"),
        "mail.dkim-keys-are-strong",
    ),
    "trusting.example": (
        a_zone("trusting.example", SPF, MX, DMARC.format("trusting.example")),
        "mail.mta-sts-is-published",
    ),
}  # fmt: skip
"""Mail domains, each with the check that its planted fault must fail."""
LONG = " ".join(f'"{"x" * 250}"' for _ in range(12))
BIG = a_zone("big.example", *sound("big.example", SPF, f"@ 300 IN TXT {LONG}"))
SICK = a_zone("sick.example", *sound("sick.example", SPF), outcome="servfail")
WORLD = Zone(
    origin="example.com",
    records="@ 300 IN SOA ns. hostmaster. 1 7200 900 1209600 300\n@ 300 IN A 203.0.113.9\n"
    + "\n".join(f'@ 300 IN TXT "{n} {"y" * 200}"' for n in range(4)),
    authoritative=False,
)
ABANDONED = a_zone(
    "abandoned.example", "shop 300 IN CNAME gone.host.example.", f"old 300 IN A {FAR}.99",
    "inner 300 IN A 10.1.2.3", servers=(WEAK,),
)  # fmt: skip
SENDERS = Zone(
    origin="z",
    records="\n".join(f'_{n} 300 IN TXT "v=spf1 ip4:192.0.2.{n} -all"' for n in range(11)),
    authoritative=False,
)
HOSTER = a_zone("host.example", "there 300 IN A 192.0.2.9")
TORN = a_zone("torn.example", CAA, signed="broken")
LAME = a_zone("lame.example", CAA, "@ 300 IN NS gone.host.example.", signed="yes")
OF_DOMAINS = {
    ("abandoned.example", "dns.zone-is-signed"),
    ("abandoned.example", "dns.issuers-are-named"),
    ("abandoned.example", "dns.no-zone-transfer"),
    ("abandoned.example", "dns.name-servers-are-spread"),
    ("torn.example", "dns.zone-signatures-hold"),
    ("lame.example", "dns.name-servers-are-there"),
    ("shop.abandoned.example", "dns.no-alias-into-nothing"),
    ("old.abandoned.example", "dns.names-lead-to-registered-hosts"),
    ("inner.abandoned.example", "dns.no-inner-addresses-in-public"),
    (WEAK, "dns.no-lookups-for-strangers"),
    (WEAK, "dns.no-amplification"),
}
ZONES = (
    *(CLEAN, PARKED, BIG, SICK, ABANDONED, HOSTER, SENDERS, TORN, LAME),
    *(zone for zone, _ in FAULTS.values()),
)  # fmt: skip


def served(*zones: Zone) -> tuple[Zone, ...]:
    """Return zones as their own name servers hold them."""
    return tuple(zone.model_copy(update={"authoritative": True}) for zone in zones)


OWN = Service(kind="dns", port=53, zones=served(CLEAN, PARKED, LAME, TORN))
HOSTS = (
    Host(
        code="resolver",
        address=RESOLVER,
        services=(Service(kind="dns", port=53, recursion=True, zones=(*ZONES, WORLD)),),
    ),
    Host(
        code="policy",
        address=POLICY,
        names=("mta-sts.clean.example", "www.clean.example"),
        services=(Service(kind="https", port=443),),
    ),
    Host(
        code="weak",
        address=WEAK,
        services=(
            Service(
                kind="dns", port=53, recursion=True, transfers=True,
                zones=(*served(ABANDONED), WORLD),
            ),
        ),
    ),
    Host(code="first", address=FIRST, services=(OWN,)),
    Host(code="second", address=SECOND, services=(OWN,)),
)  # fmt: skip


@dataclass(frozen=True)
class Looked:
    """What a scan of one institution left."""

    code: str
    office: object
    facts: list[FactRecord]
    judgements: list[JudgementRecord]

    def verdict(self, key: str, check: str) -> str | None:
        found = [j.judgement for j in self.judgements if j.judgement.address == key]
        return next((j.verdict for j in found if j.check == check), None)

    def says(self, key: str, check: str) -> str:
        return next(
            j.judgement.says
            for j in self.judgements
            if (j.judgement.address, j.judgement.check) == (key, check)
        )


def _mail(name: str, *selectors: str) -> dict[str, object]:
    code = name.split(".", maxsplit=1)[0]
    return {
        "id": f"mail-{code}", "kind": "mail-domain", "names": [name], "selectors": list(selectors)
    }  # fmt: skip


def _domain(name: str) -> dict[str, object]:
    return {"id": f"zone-{name.split('.', maxsplit=1)[0]}", "kind": "domain", "names": [name]}


def _host(code: str, address: str, *names: str) -> dict[str, object]:
    return {"id": code, "kind": "host", "addresses": [address], "names": list(names)}


def _enter(office, code: str, assets: list[dict[str, object]], names: list[str], *cidrs) -> None:
    office.institution(code, sectors=["power"])
    office.declare(code, *assets)
    scope = [{"name": name, "subdomains": True} for name in names]
    office.authorise(code, *cidrs, *scope)


@pytest.fixture(scope="module")
def looked(furnish, template_file, tmp_path_factory):
    """Three institutions: one whose zones are clean, one with every fault, one without a letter."""
    folder = tmp_path_factory.mktemp("names")
    path = folder / "register.sqlite"
    path.write_bytes(template_file.read_bytes())
    database = open_database(f"sqlite:///{path}")
    office = furnish(database, folder, utc_now)
    certificates = Certificates(folder)
    scanner = scan.Scanner(
        scanner_id="test-scanner", vantage="external", user_agent="cyberposture tests",
        search_path=os.environ["PATH"], has_raw_sockets=False, rate_pps=1000,
        connections_per_address=1, parallel_chunks=4, host_timeout_s=12, stop_poll_s=0.1,
        port_offset=OFFSET, trust_store=certificates.ca_file, ticket_key=b"t" * 32,
        resolver=(RESOLVER, moved(53, OFFSET)),
    )  # fmt: skip
    _enter(
        office, "clean-works",
        [_host("policy", POLICY, "www.clean.example"), _host("first", FIRST),
         _host("second", SECOND), _domain("clean.example"), _domain("parked.example"),
         _mail("clean.example", "s1"), _mail("parked.example", "s1")],
        ["clean.example", "parked.example"],
        f"{POLICY}/32", f"{FIRST}/32", f"{SECOND}/32",
    )  # fmt: skip
    faulty = [_mail(name, "s1") for name in FAULTS]
    domains = [_domain(zone.origin) for zone in (ABANDONED, TORN, LAME)]
    names = [f"{host}.abandoned.example" for host in ("shop", "old", "inner")]
    scope = [*FAULTS, "big.example", "sick.example", "abandoned.example", "torn.example"]
    _enter(
        office, "faulty-works",
        [_host("weak", WEAK), *({"id": f"n-{n}", "kind": "host", "names": [name]}
                                for n, name in enumerate(names)),
         *faulty, _mail("big.example"), _mail("sick.example", "s1"), *domains,
         _mail("foreign.example")],
        [*scope, "lame.example"],
        f"{WEAK}/32",
    )  # fmt: skip
    _enter(office, "names-alone", [_mail("big.example"), _domain("host.example")], ["host.example"])
    _enter(office, "names-denied", [_mail("big.example")], ["other.example"])
    found = {}
    with Laboratory(HOSTS, certificates, OFFSET):
        for code in ("clean-works", "faulty-works", "names-alone"):
            record = scan.run_scan(office.register, scanner, scan.Request(code))
            with office.register.reading() as connection:
                found[code] = Looked(
                    code,
                    office,
                    list_facts(connection, scan_id=record.id),
                    list_judgements(connection, scan_id=record.id),
                )
        blind = scan.run_scan(
            office.register, replace(scanner, resolver=None), scan.Request("clean-works")
        )
        with office.register.reading() as connection:
            found["blind"] = Looked(
                "clean-works",
                office,
                list_facts(connection, scan_id=blind.id),
                list_judgements(connection, scan_id=blind.id),
            )
    yield found
    office.verify()
    database.close()


def test_clean_zones_give_no_finding(looked):
    clean = looked["clean-works"]
    found = finding_views.list_findings(clean.office.register, "clean-works")
    names = [f for f in found if f.key.check.split(".")[0] in ("mail", "dns")]
    assert [(f.address, f.key.check, f.says) for f in names] == []


def test_clean_zones_pass_every_check_that_concerns_them(looked):
    clean = looked["clean-works"]
    verdicts = {
        j.judgement.check: j.judgement.verdict
        for j in clean.judgements
        if j.judgement.address == "clean.example"
    }
    assert set(verdicts.values()) == {"pass", "not-applicable"}
    assert [check for check, v in verdicts.items() if v == "not-applicable"] == [
        "mail.mail-domain-is-official"
    ]
    for server in (FIRST, SECOND):
        assert clean.verdict(server, "dns.no-lookups-for-strangers") == "pass"


def test_a_null_mx_is_no_missing_spf(looked):
    clean = looked["clean-works"]
    for check in ("mail.spf-is-published", "mail.dkim-keys-are-published",
                  "mail.mta-sts-is-published"):  # fmt: skip
        assert clean.verdict("parked.example", check) == "not-applicable"
    assert clean.verdict("parked.example", "mail.dmarc-is-enforced") == "pass"


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_planted_in_a_mail_domain_is_found(looked, name):
    assert looked["faulty-works"].verdict(name, FAULTS[name][1]) == "fail"


@pytest.mark.parametrize(
    ("key", "check"), sorted(OF_DOMAINS), ids=lambda text: text.replace(WEAK, "weak")
)
def test_every_fault_planted_in_a_domain_is_found(looked, key, check):
    assert looked["faulty-works"].verdict(key, check) == "fail"


def test_nothing_else_is_found_in_the_mail_domains(looked):
    expected = {(name, check) for name, (_, check) in FAULTS.items()}
    # What lacks an SPF record or policy fails what builds on it, and no more.
    expected |= {("odd-dmarc.example", "mail.dmarc-is-enforced"),
                 ("odd-dmarc.example", "mail.dmarc-sends-reports"),
                 ("two-spf.example", "mail.spf-is-published")}  # fmt: skip
    found = {
        (j.judgement.address, j.judgement.check)
        for j in looked["faulty-works"].judgements
        if j.judgement.verdict == "fail" and j.judgement.check.startswith("mail.")
    }
    keys = {pair for pair in found if not pair[1].startswith("mail.dkim")}
    assert {p for p in keys if p[0] in FAULTS} == {p for p in expected if "dkim" not in p[1]}


def test_a_zone_that_fails_is_inconclusive_and_never_a_missing_record(looked):
    faulty = looked["faulty-works"]
    verdicts = {
        j.judgement.verdict for j in faulty.judgements if j.judgement.address == "sick.example"
    }
    assert "fail" not in verdicts and "pass" not in verdicts
    assert faulty.verdict("sick.example", "mail.spf-is-published") == "inconclusive"


def test_an_answer_too_long_for_a_datagram_comes_whole(looked):
    assert looked["faulty-works"].verdict("big.example", "mail.spf-is-published") == "pass"


def test_a_name_outside_the_scope_is_not_looked_up(looked):
    faulty = looked["faulty-works"]
    facts = [r.fact for r in faulty.facts if r.fact.address == "foreign.example"]
    assert [(f.outcome, f.dns) for f in facts] == [("not-tested", ())]
    assert faulty.verdict("foreign.example", "mail.spf-is-published") == "not-tested"
    assert "out-of-scope" in faulty.says("foreign.example", "mail.spf-is-published")


def test_without_a_resolver_nothing_is_looked_up_and_the_reason_is_told(looked):
    blind = looked["blind"]
    asked = [r.fact for r in blind.facts if r.fact.technique == "dns-lookup"]
    assert asked and all(fact.outcome == "not-tested" and not fact.dns for fact in asked)
    assert "no resolver is set" in blind.says("clean.example", "mail.spf-is-published")


def test_every_lookup_is_on_record_with_question_and_answer(looked):
    office = looked["clean-works"].office
    entries = audit.read_entries(office.register, kind="lookup")
    sent = [e.data for e in entries if e.data["stage"] == "send"]
    assert {data["answer"]["decision"] for data in sent} == {"allow"}
    assert {data["question"]["name"] for data in sent} >= {"clean.example", *FAULTS}
    denied = [e.data["question"]["name"] for e in entries
              if e.data["answer"]["decision"] == "deny"]  # fmt: skip
    assert set(denied) == {"foreign.example", "big.example"}


def test_who_declares_names_alone_is_looked_at_by_name_alone(looked):
    alone = looked["names-alone"]
    assert alone.verdict("host.example", "dns.zone-is-signed") == "fail"
    assert alone.verdict("big.example", "mail.spf-is-published") == "not-tested"
    assert {r.fact.technique for r in alone.facts if r.chunk_id} == {"dns-lookup"}


def test_a_scan_that_may_look_no_name_up_is_refused_before_anything_is_asked(looked):
    office = looked["clean-works"].office
    scanner = scan.Scanner(
        scanner_id="test-scanner", vantage="external", user_agent="cyberposture tests",
        search_path="", has_raw_sockets=False, rate_pps=1, connections_per_address=1,
        parallel_chunks=1, host_timeout_s=1, stop_poll_s=0.1, port_offset=0, trust_store=None,
        ticket_key=b"t" * 32, resolver=(RESOLVER, 1),
    )  # fmt: skip
    with pytest.raises(NotAuthorised) as refused:
        scan.run_scan(office.register, scanner, scan.Request("names-denied"))
    assert refused.value.reason == "out-of-scope"
    known = scan_views.preview(office.register, scanner, "names-denied")["names"]
    assert known == [{"subject": "mail-domain", "name": "big.example", "reason": "out-of-scope"}]


def test_what_nobody_looked_at_counts_in_the_standing_of_its_check(looked):
    faulty = looked["faulty-works"]
    standing = faulty.office.standing("faulty-works", "mail.spf-is-published")
    # Foreign to the scope and never looked up, and in the laboratory's sick zone.
    assert (standing.tally.not_tested, standing.tally.inconclusive) == (1, 1)
    denied = faulty.office.standing("names-denied", "mail.spf-is-published")
    assert (denied.tally.not_tested, len(denied.rows)) == (1, 0)


def test_nothing_of_a_zone_that_is_given_away_is_kept(looked):
    transfers = [
        lookup
        for record in looked["faulty-works"].facts
        for lookup in record.fact.dns
        if lookup.kind == "AXFR"
    ]
    assert [(one.outcome, one.records) for one in transfers] == [("answered", ())]


def test_everything_that_was_asked_is_proved_from_the_log(looked):
    office = looked["clean-works"].office
    report = replay.replay(office.register.database, office.register.blobs)
    assert report.violations == []
    assert report.lookups > 10
    assert report.contacts > report.lookups
