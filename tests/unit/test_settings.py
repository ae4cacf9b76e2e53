"""Settings: read once, bounded, told with their origin, and silent about secrets."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from cyberposture.errors import InvalidInput
from cyberposture.settings import Settings, describe, load_settings, mask_url

SECRET = "correct-horse"
DATABASE = f"postgresql://register:{SECRET}@db.example/posture?sslmode=require"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("CYBERPOSTURE_")]:
        monkeypatch.delenv(name)


def line_of(settings, name):
    (line,) = [line for line in describe(settings) if line.name == name]
    return line


def test_defaults_hold_without_an_environment():
    settings = load_settings()
    assert settings.rate_pps == 5
    assert settings.register_url == "sqlite:///workspace/register.sqlite"
    assert settings.master_key_path == Path("workspace/keys/master.key")
    assert {line.origin for line in describe(settings)} == {"default"}


def test_a_variable_changes_a_setting_and_is_named_as_its_origin(monkeypatch):
    monkeypatch.setenv("CYBERPOSTURE_RATE_PPS", "40")
    line = line_of(load_settings(), "rate_pps")
    assert (line.value, line.unit, line.default, line.origin) == (
        "40",
        "packets/s",
        "5",
        "environment",
    )


def test_the_command_line_wins_over_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CYBERPOSTURE_WORKSPACE", "/elsewhere")
    settings = load_settings(workspace=tmp_path, database_url=None)
    assert settings.workspace == tmp_path
    assert settings.origin_of("workspace") == "command line"
    assert settings.origin_of("database_url") == "default"


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("CYBERPOSTURE_DATABASE_URL", "")
    assert load_settings().database_url is None


def test_a_misspelt_variable_is_refused_with_the_nearest_name(monkeypatch):
    monkeypatch.setenv("CYBERPOSTURE_RATE_PSS", "40")
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    (fault,) = caught.value.faults
    assert fault.where == "CYBERPOSTURE_RATE_PSS"
    assert "CYBERPOSTURE_RATE_PPS" in fault.what


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate_pps", "0"),
        ("rate_pps", "fast"),
        ("connections_per_address", "0"),
        ("host_timeout_s", "-1"),
        ("stop_poll_s", "60"),
        ("stop_poll_s", "nan"),
        ("laboratory_port_offset", "70000"),
        ("vantage", "internal"),
        ("vantage", "internal:Zone 1"),
        ("scanner_contact", "noc@example.org\r\nX-Evil: 1"),
        ("scanner_id", "Scanner 1"),
        ("log_level", "loud"),
        ("resolver", "192.0.2.53"),
        ("resolver", "resolver.example:53"),
        ("resolver", "192.0.2.53:0"),
        ("resolver", "2001:db8::53:53"),
        ("resolver", "[192.0.2.53]:53"),
        ("database_url", "mysql://db.example/posture"),
        ("database_url", "sqlite:///"),
    ],
)
def test_a_value_out_of_bounds_is_refused_and_located(monkeypatch, name, value):
    variable = f"CYBERPOSTURE_{name.upper()}"
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert [fault.where for fault in caught.value.faults] == [variable]


def test_every_fault_is_told_at_once(monkeypatch):
    monkeypatch.setenv("CYBERPOSTURE_RATE_PPS", "0")
    monkeypatch.setenv("CYBERPOSTURE_LOG_LEVEL", "loud")
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert len(caught.value.faults) == 2


def test_a_password_is_never_shown(monkeypatch):
    monkeypatch.setenv("CYBERPOSTURE_DATABASE_URL", DATABASE)
    settings = load_settings()
    assert SECRET in settings.register_url
    assert SECRET not in repr(settings)
    assert SECRET not in repr(describe(settings))
    assert "register:********@db.example" in line_of(settings, "database_url").value


def test_a_refused_address_does_not_tell_its_password(monkeypatch):
    monkeypatch.setenv("CYBERPOSTURE_DATABASE_URL", DATABASE.replace("postgresql", "mysql"))
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert SECRET not in str(caught.value)
    assert SECRET not in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///workspace/register.sqlite", "sqlite:///workspace/register.sqlite"),
        ("sqlite:////srv/register.sqlite", "sqlite:////srv/register.sqlite"),
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql://u:p@ss@h:5432/d", "postgresql://u:********@h:5432/d"),
        ("postgresql:///d?host=/run&password=p", "postgresql:///d?host=/run&password=********"),
    ],
)
def test_masking_hides_passwords_and_nothing_else(url, shown):
    assert mask_url(url) == shown


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        load_settings().rate_pps = 7


def test_every_setting_says_what_it_is_for_and_every_number_its_unit():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert field.json_schema_extra["unit"], name


@pytest.mark.parametrize(
    ("text", "place"),
    [("192.0.2.53:5353", ("192.0.2.53", 5353)), ("[2001:DB8::53]:53", ("2001:db8::53", 53))],
)
def test_a_resolver_is_an_address_and_a_port(monkeypatch, text, place):
    assert load_settings().resolver_place is None
    monkeypatch.setenv("CYBERPOSTURE_RESOLVER", text)
    assert load_settings().resolver_place == place
