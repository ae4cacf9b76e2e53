"""The closed list of options: nothing else can come out, whatever goes in."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.errors import CyberpostureError, WrongUsage
from cyberposture.scanning.techniques import (
    FRAGILE_TCP,
    TECHNIQUES,
    VETTED_SCRIPTS,
    Pace,
    Technique,
    expected_seconds,
    find_technique,
    host_list,
    is_fragile,
    nmap_arguments,
    port_list,
)

BARE = {"-n", "-Pn", "-sT", "-sU", "-sV", "--version-light", "-6"}
VALUED = {
    "-p": r"[0-9,-]+",
    "--max-rate": r"[0-9]+",
    "--max-retries": r"[0-3]",
    "--host-timeout": r"[0-9]+s",
    "--script-timeout": r"[0-9]+s",
    "--max-hostgroup": r"[0-9]+",
    "--max-parallelism": r"[0-9]+",
    "--exclude-ports": r"[0-9,-]+",
    "--excludefile": r"/[^\n]*",
    "--script": r"[a-z0-9,-]+",
    "--script-args": r"http\.host=[a-z0-9.-]+,tls\.servername=[a-z0-9.-]+",
}
MADE_WITH_NMAP = [t for t in TECHNIQUES.values() if t.maker == "nmap"]
HOSTILE = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["-oN /tmp/x", "--script=evil", "127.0.0.1 -sC", "a;b", "$(id)", "x\ny", "--", "a.b,c=d",
         "127.1", "0x7f000001", "2130706433", "127.0.0.*", "::ffff:127.0.0.1", "localhost"]
    ),
)  # fmt: skip


def options_of(words: list[str]) -> dict[str, str | None]:
    """Take the words apart and refuse whatever is not on the list of this test."""
    found: dict[str, str | None] = {}
    rest = iter(words)
    for word in rest:
        assert word not in found, f"{word} twice"
        if word in BARE:
            found[word] = None
            continue
        assert word in VALUED, f"{word} may not be emitted"
        value = next(rest)
        assert re.fullmatch(VALUED[word], value), f"{word} {value}"
        found[word] = value
    return found


@given(
    technique=st.sampled_from(MADE_WITH_NMAP),
    targets=st.lists(
        st.one_of(st.sampled_from(["127.0.0.1", "127.0.0.2", "::1"]), HOSTILE), max_size=4
    ),
    ports=st.one_of(
        st.none(), st.lists(st.one_of(st.integers(-5, 70_000), st.just(True)), max_size=6)
    ),
    name=st.one_of(st.none(), st.just("www.blue.example"), HOSTILE),
)
def test_nothing_but_the_listed_options_ever_comes_out(technique, targets, ports, name):
    try:
        hosts = host_list(targets)
        words = nmap_arguments(technique, targets, ports, Pace(), name=name)
    except (CyberpostureError, ValueError):
        return
    assert all(re.fullmatch(r"[0-9a-f.:]+", host) for host in hosts.split(" "))
    found = options_of(words)
    assert {"--max-retries", "--host-timeout", "--max-rate", "-n", "-Pn"} <= set(found)


@pytest.mark.parametrize("technique", MADE_WITH_NMAP, ids=lambda t: t.code)
def test_every_technique_states_its_bounds(technique):
    words = nmap_arguments(technique, ["127.0.0.1"], [80], Pace(), exclude_file=Path("/tmp/x"))
    found = options_of(words)
    assert found["--excludefile"] == "/tmp/x"
    assert found["--max-rate"] == "5"
    assert found["--max-parallelism"] == "1"


def test_scripts_are_vetted_names_and_never_categories():
    for technique in TECHNIQUES.values():
        assert set(technique.scripts) <= VETTED_SCRIPTS
    evil = Technique("evil", 3, "tcp", "nmap", scripts=("vuln",))
    with pytest.raises(WrongUsage, match="nobody vetted"):
        nmap_arguments(evil, ["127.0.0.1"], [80], Pace())


def test_versions_are_never_asked_of_fragile_ports():
    technique = find_technique("service-versions")
    found = options_of(nmap_arguments(technique, ["127.0.0.1"], [80, 502, 9100], Pace()))
    assert found["-p"] == "80"
    assert "502" in found["--exclude-ports"].split(",")
    with pytest.raises(WrongUsage):
        nmap_arguments(technique, ["127.0.0.1"], [502], Pace())


@pytest.mark.parametrize("port", [102, 502, 20000, 2404, 44818, 4840, *range(9100, 9108)])
def test_control_equipment_and_printers_are_fragile(port):
    assert is_fragile("tcp", port)
    assert is_fragile("udp", 47808)
    assert not is_fragile("tcp", 443)
    assert port in FRAGILE_TCP


def test_fragile_ports_are_looked_at_as_an_ordinary_client_would():
    technique = find_technique("ot-ports")
    assert (technique.load, technique.opt_in, technique.scripts) == (2, True, ())
    assert "-sV" not in nmap_arguments(technique, ["127.0.0.1"], [502], Pace())


@pytest.mark.parametrize(
    ("ports", "text"),
    [([80], "80"), ([3, 1, 2, 2], "1-3"), ([22, 80, 81, 443], "22,80-81,443"), ([65535], "65535")],
)
def test_ports_are_spelled_as_stretches(ports, text):
    assert port_list(ports) == text


def test_families_never_mix():
    with pytest.raises(WrongUsage, match="family"):
        host_list(["127.0.0.1", "::1"])
    assert "-6" in nmap_arguments(find_technique("tcp-ports"), ["::1"], [80], Pace())


@pytest.mark.parametrize("bad", [{"rate_pps": 0}, {"max_retries": 9}, {"host_timeout_s": 1.5}])
def test_a_pace_out_of_bounds_is_refused(bad):
    with pytest.raises(WrongUsage):
        Pace(**bad)


@given(st.sampled_from(MADE_WITH_NMAP), st.integers(1, 16), st.integers(1, 200))
def test_expected_time_never_passes_the_time_out_of_a_host(technique, hosts, ports):
    pace = Pace(host_timeout_s=60)
    assert 1 <= expected_seconds(technique, hosts, ports, pace) <= 65
