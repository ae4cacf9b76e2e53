"""Two reviewers who speak in the same moment: what they agree on is settled, once."""

import threading
from contextlib import suppress

from bench_of_reviewers import CODE, GATE, ROUND, Bench

from cyberposture.errors import CyberpostureError
from cyberposture.services.assessments import assess
from cyberposture.services.review import assigning, finding
from cyberposture.store import people

ENGINES = ("sqlite", "postgresql")


def both_at_once(*acts):
    """Run the acts side by side and return what each gave, or its error."""
    gate, given = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        gate.wait(timeout=30)
        try:
            given[place] = act()
        except CyberpostureError as error:
            given[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return given


def meet_at(monkeypatch, module, name):
    """Have two callers wait for each other there, if they come to be there at once at all."""
    meeting, real = threading.Barrier(2), getattr(module, name)

    def slowly(*given, **options):
        found = real(*given, **options)
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=0.5)
        return found

    monkeypatch.setattr(module, name, slowly)


def test_two_who_agree_in_the_same_moment_settle_the_gate_once(office, monkeypatch):
    bench = Bench(office).found(GOV_01=2).taken_up()
    meet_at(monkeypatch, finding, "spoken_of")
    stands = both_at_once(
        lambda: bench.say(bench.first, GATE, 1), lambda: bench.say(bench.second, GATE, 1)
    )
    assert sorted(stands) == ["half", "settled"]
    review = assess.list_standing(office.register, CODE, ROUND)[GATE].review
    assert (review.review.level, review.revision) == (1, 1)


def test_a_part_that_two_give_away_in_the_same_moment_is_held_by_one(office, monkeypatch):
    bench = Bench(office).found(GOV_01=2).hand_in()
    meet_at(monkeypatch, people, "get_person")
    given = both_at_once(
        lambda: bench.assign("r-first", "first"), lambda: bench.assign("r-second", "first")
    )
    assert sum(isinstance(one, CyberpostureError) for one in given) == 1
    held = assigning.list_candidates(bench.admin, CODE, ROUND)
    assert sum(one.part == "first" for one in held) == 1
