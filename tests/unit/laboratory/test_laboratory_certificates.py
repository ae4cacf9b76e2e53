"""The laboratory's authority issues each kind of certificate just as bad as it is named."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cyberposture.laboratory.certificates import WRONG_NAME, Certificates

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
NAMES = ("www.river-board.example", "river-board.example")
ADDRESS = "127.78.3.1"


def read(folder, kind, **options) -> x509.Certificate:
    issued = Certificates(folder, clock=lambda: NOW).issue(kind, NAMES, ADDRESS, **options)
    return x509.load_pem_x509_certificate(issued.chain_file.read_bytes())


def names_in(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return found.get_values_for_type(x509.DNSName)


def test_good_certificate_names_the_host_and_is_valid_now(tmp_path):
    certificate = read(tmp_path, "good")
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc
    assert names_in(certificate) == list(NAMES)
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert certificate.issuer != certificate.subject


@pytest.mark.parametrize(
    ("kind", "from_days", "to_days"),
    [("expired", -400, -3), ("not-yet-valid", 30, 210), ("expiring-soon", -170, 10)],
)
def test_validity_lies_where_the_kind_puts_it(tmp_path, kind, from_days, to_days):
    certificate = read(tmp_path, kind)
    assert certificate.not_valid_before_utc == NOW + timedelta(days=from_days)
    assert certificate.not_valid_after_utc == NOW + timedelta(days=to_days)


def test_wrong_name_is_somebody_elses_and_self_signed_is_its_own_issuer(tmp_path):
    assert names_in(read(tmp_path, "wrong-name")) == [WRONG_NAME]
    alone = read(tmp_path, "self-signed")
    assert alone.issuer == alone.subject


def test_keys_are_of_the_wanted_kind_and_the_weak_one_is_short(tmp_path):
    strong = read(tmp_path, "good", key="rsa").public_key()
    weak = read(tmp_path, "weak-key").public_key()
    assert isinstance(strong, rsa.RSAPublicKey)
    assert isinstance(weak, rsa.RSAPublicKey)
    assert (strong.key_size, weak.key_size) == (2048, 1024)


def test_authority_is_new_in_each_run_and_private_keys_are_private(tmp_path):
    first = Certificates(tmp_path).ca_file.read_bytes()
    second = Certificates(tmp_path)
    assert second.ca_file.read_bytes() != first
    issued = second.issue("good", NAMES, ADDRESS)
    assert stat.S_IMODE(issued.key_file.stat().st_mode) == 0o600
