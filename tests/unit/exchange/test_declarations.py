"""Declarations and institutions from files."""

import pytest

from cyberposture.errors import InvalidInput
from cyberposture.exchange.declarations import read_assets, read_institutions


def refused(read, folder, name: str, text: str) -> list[str]:
    path = folder / name
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read(path)
    return [str(fault) for fault in caught.value.faults]


def test_hosts_come_from_csv(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "id,addresses,names,services\nwww,127.0.1.1;127.0.1.2,www.blue.example,tcp/443;tcp/80\n"
    )
    (host,) = read_assets(path).assets
    assert host.addresses == ("127.0.1.1", "127.0.1.2")
    assert [(s.protocol, s.port) for s in host.services] == [("tcp", 443), ("tcp", 80)]


@pytest.mark.parametrize(
    "address",
    ["127.1", "2130706433", "0x7f000001", "127.0.0.*", "127.0.0.1/32", "::ffff:127.0.0.1",
     "::ffff:7f00:1", "fe80::1%eth0", "-oN", "localhost", "127.0.0.01", "127.0.0.1 -oN x"],
)  # fmt: skip
def test_a_host_has_canonical_addresses_only(tmp_path, address):
    text = f"assets:\n  - id: www\n    kind: host\n    addresses: ['{address}']\n"
    (fault,) = refused(read_assets, tmp_path, "a.yaml", text)
    assert fault.startswith("a.yaml:2: ")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("assets:\n  - {id: a, kind: host}\n", "a.yaml:2: the host a has neither"),
        ("assets:\n  - {id: a, kind: zone}\n  - {id: a, kind: zone}\n", "a.yaml:3: the asset a"),
        ("assets:\n  - {id: a, kind: flow}\n", "a.yaml:2: the flow a needs"),
        (
            "assets:\n  - {id: z, kind: zone}\n"
            "  - {id: a, kind: host, addresses: ['127.0.0.9'], zone: far}\n",
            "a.yaml:3: no zone far",
        ),
        ("assets:\n  - {id: a, kind: robot}\n", "a.yaml:2: "),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(tmp_path, text, fault):
    assert refused(read_assets, tmp_path, "a.yaml", text)[0].startswith(fault)


def test_institutions_come_from_csv_and_every_fault_is_located(tmp_path):
    text = "code,name,sectors,tier\nblue-canal,Blue Canal,water,G\nBad Code,X,water,Q\n"
    faults = refused(read_institutions, tmp_path, "i.csv", text)
    assert {fault.split(": ")[0] for fault in faults} == {"i.csv:3"}
    assert len(faults) == 2
