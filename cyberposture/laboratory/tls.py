"""Server-side TLS as a service's options ask for it, outdated versions and suites included.

It weakens the context that it makes, never the process: nothing outside the laboratory uses it.
"""

import ssl
import warnings

from cyberposture.laboratory.certificates import Issued
from cyberposture.laboratory.hosts import Service, TLSVersion

_VERSIONS: dict[TLSVersion, ssl.TLSVersion] = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
# OpenSSL 3 offers TLS 1.0 and 1.1, and takes a key of 1024 bits, at security level 0 only.
_MODERN_SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"
_OUTDATED_VERSION_SUITES = "ECDHE+AES:RSA+AES:@SECLEVEL=0"
_WEAK_SUITES = "AES128-SHA:AES256-SHA:AES128-SHA256:@SECLEVEL=0"
_SMALL_KEY_SUITES = "ECDHE+AESGCM:@SECLEVEL=0"


def server_context(issued: Issued, service: Service) -> ssl.SSLContext:
    """Return a context that offers just the versions and suites that `service` asks for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(_suites(service))
    with warnings.catch_warnings():
        # Python warns of each outdated version; to offer one is the purpose here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[service.tls_min]
        context.maximum_version = _VERSIONS[service.tls_max]
    context.load_cert_chain(issued.chain_file, issued.key_file)
    return context


def _suites(service: Service) -> str:
    if service.weak_suites:
        return _WEAK_SUITES
    if service.tls_min in ("TLSv1.0", "TLSv1.1"):
        return _OUTDATED_VERSION_SUITES
    return _SMALL_KEY_SUITES if service.certificate == "weak-key" else _MODERN_SUITES
