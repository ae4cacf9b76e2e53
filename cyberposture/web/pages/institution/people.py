"""The people of an institution, as its lead keeps them."""

from cyberposture.web.belonging import people_router

router = people_router("/institutions/{institution}/people", "see-people", "invite-people")
