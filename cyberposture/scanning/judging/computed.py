"""The table of computed facts: what needs more than the twelve words, by the name checks use.

Each function looks at one endpoint and returns a value with a note for people, or says that it
was tried in vain (UNKNOWN) or not looked at (UNTESTED). None of them judges.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cyberposture.scanning.judging.computed_crypto import (
    broken_ssh_encryption,
    static_key_suite,
    weak_suite,
)
from cyberposture.scanning.judging.computed_exposure import (
    crosses_zones,
    forbidden_flow,
    unauthenticated_store,
    undeclared_host,
    undeclared_port,
)
from cyberposture.scanning.judging.computed_web import (
    banner_version,
    cookie_without_flags,
    hsts_max_age,
    https_redirect,
    login_over_http,
    marked,
    serves,
    sets_cookies,
)
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import Found


@dataclass(frozen=True)
class Computed:
    """One computed fact: its function, what its value may be, and what it says."""

    function: Callable[[Endpoint], Found]
    about: str
    values: type[bool] | type[int] | frozenset[str] = bool


COMPUTED: Final[Mapping[str, Computed]] = {
    "banner-version": Computed(banner_version, "headers name a product's version"),
    "broken-ssh-encryption": Computed(broken_ssh_encryption, "SSH offers none, DES or RC4"),
    "cookie-without-flags": Computed(cookie_without_flags, "a cookie lacks Secure or HttpOnly"),
    "crosses-zones": Computed(crosses_zones, "looked at from another zone"),
    "directory-listing": Computed(marked("directory-listing"), "a folder's content is listed"),
    "forbidden-flow": Computed(forbidden_flow, "reachable against the declared zone policy"),
    "hsts-max-age": Computed(hsts_max_age, "seconds of HTTPS only; 0 for none", int),
    "https-redirect": Computed(https_redirect, "plain HTTP leads to HTTPS at once"),
    "login-over-http": Computed(login_over_http, "a password is asked for in the clear"),
    "serves": Computed(
        serves, "what the front page is", frozenset({"page", "data", "redirect", "nothing"})
    ),
    "sets-cookies": Computed(sets_cookies, "a page sets a cookie"),
    "stack-trace": Computed(marked("stack-trace"), "an error page shows the program's inside"),
    "static-key-suite": Computed(static_key_suite, "a suite without forward secrecy"),
    "status-page": Computed(marked("server-status"), "a server's status page is public"),
    "unauthenticated-store": Computed(unauthenticated_store, "a store answers without a login"),
    "undeclared-host": Computed(undeclared_host, "something answers that is in no register"),
    "undeclared-port": Computed(undeclared_port, "open and not declared"),
    "weak-suite": Computed(weak_suite, "a broken cipher suite is accepted"),
}
"""Every computed fact by the name under which checks ask for it."""
