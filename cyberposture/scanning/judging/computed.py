"""The table of computed facts: what needs more than the twelve words, by the name checks use.

Each function looks at one endpoint and returns a value with a note for people, or says that it
was tried in vain (UNKNOWN) or not looked at (UNTESTED). None of them judges.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cyberposture.scanning.judging.computed_crypto import (
    best_tls_version,
    broken_ssh_encryption,
    long_lived_certificate,
    old_ssh_exchange,
    publicly_trusted,
    short_key_exchange,
    static_key_suite,
    weak_suite,
)
from cyberposture.scanning.judging.computed_dmarc import (
    DMARC_POLICIES,
    dmarc_is_valid,
    dmarc_policy,
    dmarc_record_count,
    dmarc_reports,
    dmarc_share,
    dmarc_subdomain_gap,
)
from cyberposture.scanning.judging.computed_exposure import (
    crosses_zones,
    forbidden_flow,
    lists_modules,
    management_by_a_wide_rule,
    missing_service,
    unauthenticated_store,
    undeclared_host,
    undeclared_port,
)
from cyberposture.scanning.judging.computed_mail import (
    DKIM_STATES,
    SPF_ENDS,
    STS_MODES,
    STS_STATES,
    dkim_key_bits,
    dkim_keys,
    mail_use,
    mta_sts,
    mta_sts_mode,
    spf_end,
    spf_is_valid,
    spf_lookups,
    spf_record_count,
    spf_void_lookups,
    tls_reports,
)
from cyberposture.scanning.judging.computed_names import (
    DNSSEC_STATES,
    OFFICIAL_STATES,
    amplification,
    answers_names,
    caa,
    dangling_alias,
    dnssec,
    lame_delegation,
    leads_elsewhere,
    name_exists,
    name_server_count,
    name_server_spread,
    official_domain,
    private_answer,
    recursion_for_strangers,
    zone_transfer,
)
from cyberposture.scanning.judging.computed_products import (
    STANDINGS,
    exploited_flaw,
    flawed_version,
    unsupported_product,
)
from cyberposture.scanning.judging.computed_talks import (
    clock_offset_ms,
    mail_certificate,
    mail_encryption,
    mail_login_in_clear,
    mail_tls_version,
    old_ssh_protocol,
    relays_for_strangers,
    told,
)
from cyberposture.scanning.judging.computed_web import (
    banner_version,
    contact_file,
    cookie_without_flags,
    cookie_without_same_site,
    hsts_max_age,
    https_redirect,
    inline_scripts,
    login_over_http,
    marked,
    serves,
    sets_cookies,
    stray_file,
)
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import Found


@dataclass(frozen=True)
class Computed:
    """One computed fact: its function, what its value may be, and what it says."""

    function: Callable[[Endpoint], Found]
    about: str
    values: type[bool] | type[int] | frozenset[str] = bool


_TLS_VERSIONS: Final = frozenset({"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"})

_OF_MAIL_DOMAINS: Final[Mapping[str, Computed]] = {
    "dkim-key-bits": Computed(dkim_key_bits, "bits of the shortest declared DKIM key", int),
    "dkim-keys": Computed(dkim_keys, "whether each declared selector has a key", DKIM_STATES),
    "dmarc-policy": Computed(dmarc_policy, "what DMARC asks for forged mail", DMARC_POLICIES),
    "dmarc-records": Computed(dmarc_record_count, "DMARC records that count", int),
    "dmarc-reports": Computed(dmarc_reports, "DMARC reports have somewhere to go"),
    "dmarc-share": Computed(dmarc_share, "percentage that the DMARC policy is meant for", int),
    "dmarc-subdomain-gap": Computed(dmarc_subdomain_gap, "DMARC leaves names below out"),
    "dmarc-valid": Computed(dmarc_is_valid, "the DMARC record can be read without a fault"),
    "mail-use": Computed(
        mail_use, "whether the domain takes mail", frozenset({"mail", "null", "none"})
    ),
    "mta-sts": Computed(mta_sts, "a policy for mail transport is announced", STS_STATES),
    "mta-sts-mode": Computed(mta_sts_mode, "what that policy asks of others", STS_MODES),
    "spf-end": Computed(spf_end, "what SPF says of all other senders", SPF_ENDS),
    "spf-lookups": Computed(spf_lookups, "lookups that the SPF record costs a receiver", int),
    "spf-records": Computed(spf_record_count, "SPF records of the domain", int),
    "spf-valid": Computed(spf_is_valid, "the SPF record can be read without a fault"),
    "spf-void-lookups": Computed(spf_void_lookups, "lookups for SPF that bring nothing", int),
    "tls-reports": Computed(tls_reports, "reports of failed encryption have somewhere to go"),
}
_OF_NAMES: Final[Mapping[str, Computed]] = {
    "amplification": Computed(amplification, "bytes that strangers get for each byte", int),
    "answers-names": Computed(answers_names, "a name server answers at the host"),
    "caa": Computed(caa, "CAA records name who may issue certificates"),
    "dangling-alias": Computed(dangling_alias, "the name is an alias of one that is not there"),
    "dnssec": Computed(dnssec, "whether the zone is signed", DNSSEC_STATES),
    "lame-delegation": Computed(lame_delegation, "a name server is not there or not its own"),
    "leads-elsewhere": Computed(leads_elsewhere, "a name leads out of the register"),
    "name-exists": Computed(name_exists, "a declared name has an address"),
    "name-server-spread": Computed(name_server_spread, "networks of the name servers", int),
    "name-servers": Computed(name_server_count, "name servers of the zone", int),
    "official-domain": Computed(
        official_domain, "whether the name stands under an official domain", OFFICIAL_STATES
    ),
    "private-answer": Computed(private_answer, "a public name leads to an inner address"),
    "recursion-for-strangers": Computed(recursion_for_strangers, "names are looked up for anybody"),
    "zone-transfer": Computed(zone_transfer, "the whole zone is given to strangers"),
}

COMPUTED: Final[Mapping[str, Computed]] = {
    "banner-version": Computed(banner_version, "headers name a product's version"),
    "best-tls-version": Computed(best_tls_version, "the newest TLS version offered", _TLS_VERSIONS),
    "broken-ssh-encryption": Computed(broken_ssh_encryption, "SSH offers none, DES or RC4"),
    "bucket-listing": Computed(marked("bucket-listing"), "an object store lists what it keeps"),
    "clock-offset-ms": Computed(clock_offset_ms, "thousandths of a second off our clock", int),
    "clock-synchronised": Computed(
        told("synchronised", "in step with another clock: {}", "ntp"), "a time server is in step"
    ),
    "contact-file": Computed(
        contact_file,
        "what the file for reports of flaws is worth",
        frozenset({"valid", "expired", "no-expiry", "no-contact", "none"}),
    ),
    "cookie-without-flags": Computed(cookie_without_flags, "a cookie lacks Secure or HttpOnly"),
    "cookie-without-same-site": Computed(
        cookie_without_same_site, "a session cookie goes along with requests of other sites"
    ),
    "crosses-zones": Computed(crosses_zones, "looked at from another zone"),
    "database-encryption": Computed(
        told("encryption", "encryption offered: {}", "mysql", "postgresql"),
        "a database offers encryption",
    ),
    "desktop-login-first": Computed(
        told("login-first", "a login comes before the screen: {}", "rdp"),
        "remote desktop wants a login first",
    ),
    "directory-listing": Computed(marked("directory-listing"), "a folder's content is listed"),
    "exploited-flaw": Computed(
        exploited_flaw, "the version has a flaw known to be exploited", STANDINGS
    ),
    "flawed-version": Computed(flawed_version, "the version has a published flaw", STANDINGS),
    "forbidden-flow": Computed(forbidden_flow, "reachable against the declared zone policy"),
    "ftp-encryption": Computed(
        told("encryption", "encryption offered: {}", "ftp"), "FTP offers encryption"
    ),
    "hsts-max-age": Computed(hsts_max_age, "seconds of HTTPS only; 0 for none", int),
    "https-redirect": Computed(https_redirect, "plain HTTP leads to HTTPS at once"),
    "inline-scripts": Computed(inline_scripts, "the content policy lets inline scripts run"),
    "lists-modules": Computed(lists_modules, "rsync lists what it keeps to strangers"),
    "login-over-http": Computed(login_over_http, "a password is asked for in the clear"),
    "long-lived-certificate": Computed(long_lived_certificate, "issued for too long"),
    "mail-certificate": Computed(
        mail_certificate,
        "the dates of a mail server's certificate",
        frozenset({"good", "expired", "early"}),
    ),
    "mail-encryption": Computed(
        mail_encryption, "what comes of encryption", frozenset({"none", "broken", "works"})
    ),
    "mail-login-in-clear": Computed(
        mail_login_in_clear, "a mail server offers logins in the clear"
    ),
    "mail-tls-version": Computed(
        mail_tls_version, "the newest TLS version of a mail server", _TLS_VERSIONS
    ),
    "management-by-a-wide-rule": Computed(
        management_by_a_wide_rule, "management is reachable by a flow that names no ports"
    ),
    "missing-service": Computed(missing_service, "declared and not there"),
    "old-ssh-exchange": Computed(
        old_ssh_exchange, "SSH offers a key exchange or seal that is given up"
    ),
    "old-ssh-protocol": Computed(old_ssh_protocol, "SSH still takes protocol 1"),
    "open-index": Computed(marked("open-index"), "a search index answers strangers"),
    "publicly-trusted": Computed(publicly_trusted, "the certificate leads to a public authority"),
    "relays-for-strangers": Computed(
        relays_for_strangers, "mail for elsewhere is taken from strangers"
    ),
    "screen-asks-for-login": Computed(
        told("asks-for-login", "a password is asked for: {}", "vnc"), "VNC asks for a password"
    ),
    "serves": Computed(
        serves, "what the front page is", frozenset({"page", "data", "redirect", "nothing"})
    ),
    "sets-cookies": Computed(sets_cookies, "a page sets a cookie"),
    "share-signing": Computed(
        told("signing-required", "signing required: {}", "smb"), "a share insists on signing"
    ),
    "share-version-one": Computed(
        told("version-1", "version 1 offered: {}", "smb"), "a share takes SMB 1"
    ),
    "short-key-exchange": Computed(short_key_exchange, "keys are agreed on in a group too small"),
    "stack-trace": Computed(marked("stack-trace"), "an error page shows the program's inside"),
    "static-key-suite": Computed(static_key_suite, "a suite without forward secrecy"),
    "status-page": Computed(marked("server-status"), "a server's status page is public"),
    "stray-file": Computed(stray_file, "a file lies open that visitors were never meant to see"),
    "time-control-mode": Computed(
        told("control-mode", "control questions answered: {}", "ntp"),
        "a time server answers control questions",
    ),
    "time-monitor-list": Computed(
        told("monitor-list", "its list of clients given out: {}", "ntp"),
        "a time server lists its clients",
    ),
    "unauthenticated-store": Computed(unauthenticated_store, "a store answers without a login"),
    "undeclared-host": Computed(undeclared_host, "something answers that is in no register"),
    "undeclared-port": Computed(undeclared_port, "open and not declared"),
    "unsupported-product": Computed(
        unsupported_product, "the maker supports the version no longer", STANDINGS
    ),
    "weak-suite": Computed(weak_suite, "a broken cipher suite is accepted"),
    **_OF_MAIL_DOMAINS,
    **_OF_NAMES,
}
"""Every computed fact by the name under which checks ask for it."""
