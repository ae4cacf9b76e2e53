"""What the laboratory encodes, it reads again; what is no encoding, it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.laboratory.services import ber


@given(st.integers(min_value=-(2**63), max_value=2**64))
def test_whole_numbers_survive(number):
    tag, content, rest = ber.unpack(ber.pack_integer(number))
    assert (tag, ber.integer(content), rest) == (ber.INTEGER, number, b"")


@given(st.lists(st.integers(min_value=0, max_value=2**32), max_size=12))
def test_object_ids_survive(numbers):
    name = (1, 3, *numbers)
    _, content, _ = ber.unpack(ber.pack_object_id(name))
    assert ber.object_id(content) == name


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_elements_come_back_in_order(contents):
    packed = b"".join(ber.pack(ber.OCTETS, content) for content in contents)
    assert [content for _, content in ber.elements(packed)] == contents


def test_known_encodings():
    assert ber.pack_integer(128) == bytes.fromhex("02020080")
    assert ber.pack_integer(-1) == bytes.fromhex("0201ff")
    assert ber.pack_object_id((1, 3, 6, 1, 4, 1, 311)) == bytes.fromhex("06072b0601040182 37")
    assert ber.pack(ber.OCTETS, bytes(200))[:3] == bytes.fromhex("0481c8")


@pytest.mark.parametrize("data", ["", "30", "3005", "3080", "30850000000001", "3082ffff00"])
def test_element_that_is_cut_short_is_refused(data):
    with pytest.raises(ValueError, match="the element"):
        ber.unpack(bytes.fromhex(data))


@given(st.binary(max_size=60))
def test_garbage_is_read_or_refused_and_nothing_else(data):
    try:
        for tag, content in ber.elements(data):
            assert 0 <= tag <= 255
            assert len(content) <= len(data)
    except ValueError as error:
        assert "element" in str(error)
