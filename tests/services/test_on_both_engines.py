"""One story told on SQLite and on PostgreSQL: the services do the same on both."""

from cyberposture.scoring.assemble import Tally
from cyberposture.services.findings import views as finding_views
from cyberposture.services.scores import contradictions, score

ENGINES = ("sqlite", "postgresql")
HOST, OTHER = "127.58.0.1", "127.58.0.2"
TELNET = "cleartext.no-telnet-or-r-login"
OPEN = {"rest": "closed", "services": {"23": "telnet", "22": "ssh"}}
CLOSED = {"rest": "closed", "ports": {"443": "open"}}


def test_a_year_of_one_institution(office):
    code, campaign = office.institution(), office.open_round()
    office.declare(code, HOST, OTHER)
    office.authorise(code, "127.58.0.0/24")
    office.answer(code, campaign, IAM_09=3, DAT_04=2)

    office.judge(code, office.seen(HOST, **OPEN), office.seen(OTHER, **CLOSED))
    assert office.standing(code, TELNET).tally == Tally(passed=1, fresh=1)

    office.clock.forward(days=15)
    office.look(code, HOST, outcome="timed-out", rest="closed")
    assert office.standing(code, TELNET).tally == Tally(passed=1, fail=1, inconclusive=1)
    live = score.score_live(office.register, code)
    contradicted = contradictions.list_contradictions(office.register)
    assert {one.record.control for one in contradicted} == {"DAT-04", "IAM-09"}

    office.look(code, HOST, **CLOSED)
    frozen = score.finalise(office.register, code, campaign)
    assert frozen.result["institution"]["contradictions"] == []
    contradicted = contradictions.list_contradictions(office.register)
    assert {one.record.state for one in contradicted} == {"corrected"}
    assert frozen.result != live.result

    office.clock.forward(days=30)
    office.look(code, HOST, **OPEN)
    history = finding_views.get_history(office.register, office.finding(TELNET).code)
    assert [event.kind for event in history.events] == ["opened", "closed", "reopened"]
    assert office.standing(code, TELNET).tally == Tally(passed=1, fail=1)

    office.clock.forward(days=91)
    assert office.standing(code, TELNET).tally == Tally(not_tested=2)
    assert score.recompute_all(office.register) == (2, [])
