"""Content holds what policy authors, analysts and designers write, and nothing that could act."""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDERS = ("controls", "scanners", "reports")
KINDS = {".css", ".html", ".j2", ".md", ".svg", ".txt", ".yaml"}

NMAP_OPTION = re.compile(
    r"(?<![\w-])"
    r"(-s[ACFILMNOSTUVWXYZn]{1,2}|-P[nESAUYO][\d,]*|-T[0-5]|-o[XNGAS]|-iL|--version-\w+|--osscan\S*"
    r"|--script(-args|-timeout|-help)?|--m(in|ax)-(rate|retries|hostgroup|parallelism)"
    r"|--host-timeout|--exclude(file|-ports)?|--scan-delay|--top-ports|--data-\w+|--stats-every)"
    r"(?![\w-])"
)
DOTTED = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)")
HEXADECIMAL = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:]*(?![\w:.])")
FOR_DOCUMENTS = [
    ipaddress.ip_network(block)
    for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
"""Addresses that are nobody's. Sources: RFC 5737, section 3; RFC 3849, section 2."""
RECORD = re.compile(r"\{kind: [A-Z]+,.* records: \[")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def content_files(checkout: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((checkout / folder).rglob("*")):
            if path.is_file():
                yield path


def addresses_in(text: str) -> list[str]:
    """Return what in `text` is an address of IPv4 or IPv6 that somebody could have.

    What a made-up record says in an example is left aside: nobody is asked to go there.
    """
    if RECORD.search(text):
        return []
    return [word for word in DOTTED.findall(text) + HEXADECIMAL.findall(text) if is_address(word)]


def is_address(word: str) -> bool:
    try:
        address = ipaddress.ip_address(word)
    except ValueError:
        return False
    return word != "::" and not any(address in block for block in FOR_DOCUMENTS)


def test_each_folder_is_there(checkout):
    assert [folder for folder in FOLDERS if not (checkout / folder).is_dir()] == []


def test_content_is_of_known_kinds_and_none_can_run(checkout):
    odd = [
        str(path.relative_to(checkout))
        for path in content_files(checkout)
        if path.suffix not in KINDS or path.is_symlink() or path.stat().st_mode & 0o111
    ]
    assert odd == []


@pytest.mark.parametrize(
    "find",
    [
        lambda text: [found.group() for found in NMAP_OPTION.finditer(text)],
        addresses_in,
        PRIVATE_KEY.findall,
    ],
    ids=["nmap-options", "addresses", "secrets"],
)
def test_content_holds_none(checkout, find):
    found = {
        f"{path.relative_to(checkout)}:{number}": hits
        for path in content_files(checkout)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (hits := find(line))
    }
    assert found == {}


@pytest.mark.parametrize("text", ["with -sV here", "--script=vuln", "--max-rate 5", "-Pn", "-T4"])
def test_an_nmap_option_is_recognised(text):
    assert NMAP_OPTION.search(text)


@pytest.mark.parametrize(
    "text", ["cross-site", "a low-TTL", "var(--script-colour)", "-some", "x-T4"]
)
def test_plain_words_are_no_nmap_option(text):
    assert not NMAP_OPTION.search(text)


@pytest.mark.parametrize("text", ["at 10.1.2.3.", "2400:cb00::1 port", "(::1)", "100.64.0.0/24"])
def test_an_address_is_recognised(text):
    assert addresses_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.7",
        "2001:db8::1",
        "1.3.6.1.2.1.1",
        "tr::before",
        "at 10:30:00",
        "TLS 1.2",
        "v1.2.3.4",
        "a::after",
        "300.1.1.1",
    ],
)
def test_other_numbers_are_no_address(text):
    assert addresses_in(text) == []
