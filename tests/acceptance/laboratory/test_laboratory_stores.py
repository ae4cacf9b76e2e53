"""Stores, databases, desktops and directories in the laboratory, up to the login."""

import struct

import psycopg
import pytest

from cyberposture.laboratory.hosts import Service

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]


def test_open_redis_tells_about_itself_and_stores_nothing(serve):
    with (
        serve(Service(kind="redis", port=6379, open_access=True)) as served,
        served.dial(6379) as wire,
    ):
        wire.send(b"*1\r\n$4\r\nPING\r\n")
        assert wire.until(b"\r\n") == b"+PONG\r\n"
        wire.send(b"INFO\r\n")
        assert b"redis_version:" in wire.until(b"# Keyspace")
        wire.until(b"\r\n\r\n")
        wire.send(b"SET key value\r\n")
        assert wire.until(b"\r\n").startswith(b"-ERR")


def test_guarded_redis_asks_for_a_password_and_refuses_it(serve):
    with serve(Service(kind="redis", port=6379)) as served, served.dial(6379) as wire:
        wire.send(b"INFO\r\n")
        assert wire.until(b"\r\n").startswith(b"-NOAUTH")
        wire.send(b"AUTH secret\r\n")
        assert wire.until(b"\r\n").startswith(b"-WRONGPASS")


def test_memcached_tells_its_version_and_stores_nothing(serve):
    with serve(Service(kind="memcached", port=11211)) as served, served.dial(11211) as wire:
        wire.send(b"version\r\n")
        assert wire.until(b"\r\n").startswith(b"VERSION 1.")
        wire.send(b"set key 0 0 5\r\nhello\r\nget key\r\n")
        assert wire.until(b"END\r\n") == (b"SERVER_ERROR nothing is stored here\r\nEND\r\n")
        wire.send(b"stats\r\n")
        assert b"STAT pid" in wire.until(b"END\r\n")


def test_mysql_greets_in_version_ten_and_denies_access(serve):
    with serve(Service(kind="mysql", port=3306)) as served, served.dial(3306) as wire:
        greeting = wire.take(int.from_bytes(wire.take(4)[:3], "little"))
        assert greeting[0] == 10
        assert greeting.endswith(b"mysql_native_password\0")
        login = struct.pack("<IIB", 0x8200, 1 << 24, 33) + bytes(23) + b"root\0\0"
        wire.send(struct.pack("<I", len(login))[:3] + b"\1" + login)
        refusal = wire.take(wire.take(4)[0])
        assert struct.unpack("<BH", refusal[:3]) == (0xFF, 1045)


def test_postgresql_asks_for_a_password_and_refuses_it(serve):
    with (
        serve(Service(kind="postgresql", port=5432)) as served,
        pytest.raises(psycopg.OperationalError, match="password authentication failed"),
    ):
        psycopg.connect(
            host=served.address,
            port=served.port(5432),
            user="clerk",
            password="secret",
            dbname="records",
            connect_timeout=5,
        )


@pytest.mark.parametrize(("open_access", "way"), [(False, 2), (True, 1)])
def test_vnc_agrees_on_a_way_to_log_in_and_refuses(serve, open_access, way):
    vnc = Service(kind="vnc", port=5900, open_access=open_access)
    with serve(vnc) as served, served.dial(5900) as wire:
        assert wire.take(12) == b"RFB 003.008\n"
        wire.send(b"RFB 003.008\n")
        assert wire.take(2) == bytes((1, way))
        wire.send(bytes((way,)))
        if way == 2:
            wire.take(16)
            wire.send(bytes(16))
        assert wire.take(4) == struct.pack(">I", 1)


@pytest.mark.parametrize(
    ("network_level", "asked", "answer"),
    [(True, 3, (2, 2)), (True, 0, (3, 5)), (False, 0, (2, 0)), (False, 3, (3, 2))],
)
def test_rdp_confirms_the_connection_and_tells_the_protection(serve, network_level, asked, answer):
    rdp = Service(kind="rdp", port=3389, network_level=network_level)
    with serve(rdp) as served, served.dial(3389) as wire:
        wish = struct.pack("<BBHI", 1, 0, 8, asked)
        request = struct.pack(">BBHHB", len(wish) + 6, 0xE0, 0, 0, 0) + wish
        wire.send(struct.pack(">BBH", 3, 0, len(request) + 4) + request)
        confirm = wire.take(19)
    assert confirm[5] == 0xD0
    assert (confirm[11], struct.unpack("<I", confirm[15:])[0]) == answer


def test_smb_answers_a_negotiation_and_offers_no_more(serve):
    with serve(Service(kind="smb", port=445, version_one=True)) as served, served.dial(445) as wire:
        dialects = b"\x02LANMAN1.0\0\x02NT LM 0.12\0"
        header = b"\xffSMBr" + bytes(27)
        request = header + b"\0" + struct.pack("<H", len(dialects)) + dialects
        wire.send(struct.pack(">I", len(request)) + request)
        answer = wire.take(struct.unpack(">I", wire.take(4))[0])
        assert answer[:5] == b"\xffSMBr"
        assert struct.unpack("<BH", answer[32:35]) == (17, 1)
        assert wire.sock.recv(1) == b""


@pytest.mark.parametrize(("open_access", "result"), [(True, 0), (False, 48)])
def test_ldap_binds_nameless_clients_only_where_access_is_open(serve, open_access, result):
    ldap = Service(kind="ldap", port=389, open_access=open_access)
    bind = bytes.fromhex("300c020101600702010304008000")
    with serve(ldap) as served, served.dial(389) as wire:
        wire.send(bind)
        answer = wire.sock.recv(256)
    assert answer[7:10] == bytes((0x0A, 1, result))


def test_ldap_shows_its_root_entry(serve):
    with serve(Service(kind="ldap", port=389)) as served, served.dial(389) as wire:
        search = bytes.fromhex("3025020101632004000a01000a0100020100020100010100870b") + (
            b"objectClass" + b"\x30\0"
        )
        wire.send(search)
        entry = wire.until(b"vendorName")
    assert b"namingContexts" in entry


@pytest.mark.parametrize(("open_access", "code"), [(True, 0), (False, 5)])
def test_mqtt_acknowledges_a_connection_only_where_access_is_open(serve, open_access, code):
    mqtt = Service(kind="mqtt", port=1883, open_access=open_access)
    with serve(mqtt) as served, served.dial(1883) as wire:
        wire.send(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x1e\x00\x04test")
        assert wire.take(4) == bytes((0x20, 2, 0, code))
        if open_access:
            wire.send(b"\xc0\0\x82\x06\0\x07\0\x01#\0")
            assert wire.take(7) == b"\xd0\0\x90\x03\0\x07\x80"
