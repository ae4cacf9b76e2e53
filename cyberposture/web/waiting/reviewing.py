"""What waits around a review: terms, questions back, results and plans; reviews, appeals, plans."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from cyberposture.services.review import waiting
from cyberposture.services.review.waiting import AtInstitution, OfTheCert
from cyberposture.web.surroundings import Visit
from cyberposture.web.tasks import Task

MINUTES_REVIEW, MINUTES_TERMS, MINUTES_QUESTION, MINUTES_RESULT = 90, 5, 10, 30


def waiting_for(visit: Visit) -> Iterator[Task]:
    """Yield what this person can do next about reviews and what comes of them."""
    held = visit.person.memberships
    own = {one.institution for one in held if one.institution is not None}
    if own:
        for found in waiting.list_at_institutions(visit.register, own):
            yield from _at_institution(visit, found)
    if visit.may("see-review-queue") or visit.may("accept-plan"):
        yield from _of_the_cert(visit, waiting.list_for_cert(visit.register, visit.person.person))


def _at_institution(visit: Visit, found: AtInstitution) -> Iterator[Task]:
    say, at = visit.words.say, f"/institutions/{found.institution}/rounds/{found.round}"
    zone = ZoneInfo(found.zone)
    back = found.handed_back
    if back is not None and visit.may("answer", found.institution):
        first = back.controls[0] if back.controls else ""
        place = f"{at}/answers/{first[:3]}#{first}" if first else f"{at}/controls"
        about = f" ({visit.words.codes(back.controls)})" if back.controls else ""
        yield Task(
            str(say("review.task.handed_back")), place,
            # It stands first: until it is handed in again, nothing else of the round goes on.
            due=min(back.at, found.due), until=visit.words.day(found.due, zone), whose=found.name,
            note=str(say("review.task.handed_back_why", why=back.why)) + about, weight=1_000,
        )  # fmt: skip
    if found.needs_terms and visit.may("submit", found.institution):
        yield Task(
            str(say("review.task.terms", title=found.title)), f"{at}/terms", MINUTES_TERMS,
            found.due, visit.words.day(found.due, zone), found.name, weight=200,
        )  # fmt: skip
    if found.questions and visit.may("answer", found.institution):
        yield Task(
            str(say("review.task.clarify", n=found.questions)), f"{at}/clarifications",
            MINUTES_QUESTION * found.questions, whose=found.name, note=found.title, weight=150,
        )  # fmt: skip
    until = found.comments_until
    if until is not None and visit.may("reply-to-result", found.institution):
        yield Task(
            str(say("review.task.comment")), f"{at}/result", MINUTES_RESULT,
            until, visit.words.minute(until, zone), found.name, found.title, weight=120,
        )  # fmt: skip
    if found.plan in ("draft", "returned") and visit.may("plan-improvements", found.institution):
        key = "plan_returned" if found.plan == "returned" else "plan"
        yield Task(
            str(say(f"review.task.{key}")), f"{at}/plan", whose=found.name, note=found.title,
            weight=50,
        )  # fmt: skip


def _of_the_cert(visit: Visit, found: OfTheCert) -> Iterator[Task]:
    say = visit.words.say
    for one in found.to_review:
        at = f"/cert/reviews/{one.assessment.institution}/{one.assessment.round}"
        yield Task(
            str(say("review.task.review", name=one.name)), at, MINUTES_REVIEW, whose=one.title
        )
    if visit.may("release-result"):
        for key, several in (("give", found.to_give), ("release", found.to_release),
                             ("appeal", found.appealed)):  # fmt: skip
            for one in several:
                at = f"/cert/assessments/{one.assessment.institution}/{one.assessment.round}"
                yield Task(str(say(f"review.task.{key}", name=one.name)), at, whose=one.title)
    if found.plans and visit.may("accept-plan"):
        yield Task(str(say("review.task.plans", n=found.plans)), "/cert/plans")
