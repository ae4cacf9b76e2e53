"""An institution's report tells how it moved over its own rounds, each as it was scored."""

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_reports
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.view.institution import institution_view
from cyberposture.scoring.explain import people
from cyberposture.services.reports.inputs import InstitutionGatherer
from cyberposture.services.scores import score

HOME = find_content(None).reports
ROUNDS = ("spring", "autumn", "winter")


def gathered(office, code, round_code):
    with office.register.reading() as connection:
        return InstitutionGatherer(office.register, connection, code, round_code).gather()


def shown(inputs, audience="board"):
    report = next(one for one in load_reports(HOME) if one.id == "institution")
    return institution_view(report, audience, Renderer(HOME).words(report), inputs)


def everything(office, level=1):
    """Return the same answer to all that the baseline asks."""
    controls = office.register.content.catalogue.selected("A")
    return {c.id.replace("-", "_"): level for c in controls if c.levels is not None}


def test_the_rounds_before_stand_in_order_and_none_after(office):
    code = office.institution()
    results = {}
    for number, name in enumerate(ROUNDS):
        office.open_round(name)
        office.answer(code, name, **everything(office, number + 1))
        results[name] = score.finalise(office.register, code, name)
        office.clock.forward(days=90)
    middle = gathered(office, code, "autumn")
    assert [one.code for one in middle.past] == ["spring"]
    last = gathered(office, code, "winter")
    assert [one.code for one in last.past] == ["spring", "autumn"]
    view = shown(last)
    assert view.rounds is not None
    assert [moment.label for moment in view.rounds.chart.moments] == list(ROUNDS)
    known = [*last.past, last.score.result.institution]
    assert [row.declared for row in view.rounds.rows] == [people(one.declared) for one in known]
    assert len({row.declared for row in view.rounds.rows}) == len(ROUNDS)
    assert not any(row.has_other_rules for row in view.rounds.rows)
    assert shown(last, "public").rounds is None
    assert shown(gathered(office, code, "spring")).rounds is None


def test_the_live_score_stands_after_every_round(office):
    code = office.institution()
    office.open_round("spring")
    office.answer(code, "spring", **everything(office))
    score.finalise(office.register, code, "spring")
    office.clock.forward(days=30)
    inputs = gathered(office, code, None)
    assert [one.code for one in inputs.past] == ["spring"]
