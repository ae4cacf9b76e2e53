"""A finding follows from looks and acts alone: a plain model of the rules says the same, each time.

The model is written from the rules and knows nothing of the register.
"""

import random
from datetime import timedelta

import pytest

from cyberposture.errors import WrongState
from cyberposture.services.findings import acts
from cyberposture.store.findings import life_of

TELNET = "cleartext.no-telnet-or-r-login"
HOST = "127.50.0.1"
LOOKS = {
    "open": {"rest": "closed", "services": {"23": "telnet", "443": "ssl/http"}},
    "closed": {"rest": "closed", "services": {"443": "ssl/http"}},
    "silent": {"outcome": "no-answer"},
    "untested": {"ports": {"443": "open"}},
}
ACTS = ("propose", "falls", "stands", "accept", "dispute")
SAID = {"reason": "it is a decoy of our own", "evidence": "letter 12/2026"}


class Model:
    """The rules in a few lines; an act that they refuse raises KeyError. Days are counted."""

    def __init__(self):
        self.state, self.waits, self.day, self.until = None, None, 0, None

    def become(self, state, until=None):
        self.state, self.waits, self.until = state, None, until

    def open(self):
        """See it: what was never seen, or was gone, is open."""
        if self.state in (None, "closed"):
            self.become("open")

    def closed(self):
        """See that it is gone, whatever people made of it."""
        self.become("closed")

    def silent(self):
        """See nothing: nothing follows."""

    untested = silent

    def propose(self):
        {"open": 1, "accepted": 1}[self.state]
        self.waits = self.day + 20

    def falls(self):
        if self.state == "disputed":
            self.become("false-positive", self.day + 365)
        elif self.waits is None or self.waits <= self.day:
            raise KeyError
        else:
            self.become("false-positive", self.waits)

    def stands(self):
        if self.state == "disputed":
            self.become("open")
        elif self.waits is None:
            raise KeyError
        self.waits = None

    def accept(self):
        self.become({"open": "accepted", "accepted": "accepted"}[self.state], self.day + 20)

    def dispute(self):
        self.become({"open": "disputed", "accepted": "disputed"}[self.state])

    def month_passes(self):
        """Let every mark run out but a dispute, which somebody has to decide."""
        self.day += 31
        if self.until is not None and self.until <= self.day:
            self.become("open")


def perform(office, name, code, number):
    """Do one act as somebody who never did anything before."""
    register, told = office.register, office.finding(TELNET).code
    until = office.clock() + timedelta(days=20)
    if name in ("propose", "falls", "stands"):
        person = f"r-reviewer-{number}"
        key = office.invite(person, "reviewer")
        if name == "propose":
            acts.propose_false_positive(register, told, person, key, until=until, **SAID)
        else:
            acts.decide(register, told, person, key, stands=name == "stands", reason="seen")
    elif name == "accept":
        key = office.invite("s-shah", "signatory", institution=code)
        acts.accept(register, told, "s-shah", key, reason="known", until=until)
    else:
        office.invite("l-lodhi", "institution-lead", institution=code)
        acts.dispute(register, told, "l-lodhi", **SAID)


@pytest.mark.parametrize("seed", range(4))
def test_state_is_what_the_rules_make_of_looks_and_acts(office, seed):
    chance, model = random.Random(seed), Model()  # no secret: the same courses each time
    code = office.institution()
    office.declare(code, HOST)
    office.look(code, HOST, **LOOKS["open"])
    model.open()
    course = ["open"]
    for number in range(22):
        name = chance.choice((*LOOKS, *ACTS, *ACTS, "month_passes"))
        course.append(name)
        allowed = True
        try:
            getattr(model, name)()
        except KeyError:
            allowed = False
        if name in LOOKS:
            office.look(code, HOST, **LOOKS[name])
        elif name == "month_passes":
            office.clock.forward(days=31)
            acts.end_marks(office.register)
        elif allowed:
            perform(office, name, code, number)
        else:
            with pytest.raises(WrongState):
                perform(office, name, code, number)
        finding = office.finding(TELNET)
        assert finding.state == model.state, course
        with office.register.reading() as connection:
            life = life_of(connection, finding.id)
        assert (life.state, life.proposal is not None) == (
            model.state,
            model.waits is not None,
        ), course
