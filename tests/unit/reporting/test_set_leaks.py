"""A written file is looked through for what its audience may not see, however it is spelled."""

import io
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.reporting.sets.leaks import Leak, Secrets, look_for

SECRETS = Secrets(
    names=(
        ("institution", "Indus Valley Power"),
        ("institution", "blue-canal-water"),
        ("institution", "محکمۂ آب پاشی"),
        ("person", "Ali Khan"),
        ("person", "a.khan@hill.example"),
        ("host name", "bücher.example"),
        ("host name", "www.hill.example"),
    ),
    networks=("127.40.0.0/16", "2001:db8::5"),
)


def kinds(text: str, name: str = "page.html", secrets: Secrets = SECRETS) -> set[str]:
    return {leak.kind for leak in look_for(secrets, name, text.encode())}


@pytest.mark.parametrize(
    "text",
    [
        "Indus Valley Power",
        "INDUS  valley\npower",
        "Indus&nbsp;Valley&#x20;Power",
        "Indus&amp;nbsp;Valley Power",
        "<b>Indus</b> <i>Val</i>ley Power",
        "Indus<br>Valley Power",
        "<td>Indus</td><td>Valley</td><td>Power</td>",
        "IndusValleyPower",
        "Indús Valley Ｐｏｗｅｒ",
        "\u200fIndus\u200e Val\u00adley \u202aPower",
        "<a href='x.html?Indus%20Valley%20Power'>",
        "<svg><title>Indus Valley Power</title></svg>",
        "<!-- indus-valley-power -->",
        "blue_canal_water",
        "<p id='blue-canal-water'>",
        "محکمہ\u200c\u0654 آب\u00a0پاشی",
        "محكمه آب پاشي",
    ],
)
def test_a_name_is_found_however_it_is_spelled(text):
    assert kinds(text) == {"institution"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Signed: ALI&#160;KHAN", "person"),
        ("write to a.khan@hill.example", "person"),
        ("bücher.example", "host name"),
        ("xn--bcher-kva.example", "host name"),
        ("BU\u0308CHER.EXAMPLE", "host name"),
        ("https://www.hill.example/", "host name"),
        ("127.40.1.4", "address"),
        ("127[.]40[.]1[.]4", "address"),
        ("127.040.001.004", "address"),
        ("１２７.４０.１.４", "address"),
        ("۱۲۷.۴۰.۱.۴", "address"),
        ("127.40.1.4:443", "address"),
        ("2001:DB8:0:0::5", "address"),
        ("[2001:db8::5]:443", "address"),
        ("::ffff:127.40.1.4", "address"),
    ],
)
def test_people_hosts_and_addresses_are_found(text, kind):
    assert kind in kinds(f"<p>{text}</p>")


@pytest.mark.parametrize(
    "text",
    [
        "Quality of Alikhanov",
        "Indus Valley",
        "Power, Valley, Indus",
        "1270.40.1.4",
        "127.41.1.4",
        "version 127.40.1.4.9",
        "td ::before{} 12:30:45 aa:bb:cc:dd:ee:ff",
        "2001:db8::55",
    ],
)
def test_what_is_none_of_it_passes(text):
    assert kinds(text) == set()


def test_a_longer_name_that_may_stand_there_excuses_what_it_holds():
    secrets = Secrets(
        names=(("institution", "Indus Valley"), ("host name", "hill.example")),
        allowed=("Indus Valley Power", "www.hill.example"),
    )
    assert kinds("Indus Valley Power at www.hill.example", secrets=secrets) == set()
    assert kinds("Indus Valley Water", secrets=secrets) == {"institution"}
    assert kinds("mail.hill.example", secrets=secrets) == {"host name"}


def test_a_word_of_our_own_texts_is_not_looked_for_alone_and_is_counted():
    secrets = Secrets(
        names=(("person", "Owner"), ("person", "Owner Khan")), ordinary=frozenset({"owner"})
    )
    assert kinds("the owner", secrets=secrets) == set()
    assert kinds("Owner Khan", secrets=secrets) == {"person"}
    assert secrets.not_looked_for == 1


def test_in_public_no_address_stands_but_those_of_our_own_texts():
    secrets = Secrets(
        networks=("192.0.2.9",),
        no_address=True,
        known_addresses=frozenset({"192.0.2.1", "192.0.2.9"}),
    )
    assert kinds("10.1.2.3", secrets=secrets) == {"address"}
    assert kinds("192.0.2.1", secrets=secrets) == set()
    assert kinds("192.0.2.9", secrets=secrets) == {"address"}, "somebody declared it"


def test_own_addresses_pass_within_a_block_of_others():
    secrets = Secrets(networks=("127.40.0.0/16",), own_networks=("127.40.1.0/24",))
    assert kinds("127.40.1.4", secrets=secrets) == set()
    assert kinds("127.40.2.4", secrets=secrets) == {"address"}


def test_a_leak_is_told_with_its_line_and_never_with_what_stands_there():
    (leak,) = look_for(SECRETS, "a/page.html", b"<p>\nnothing\n<b>Ali</b> Khan\n</p>")
    assert leak == Leak("a/page.html", "line 3", "person")
    assert str(leak) == "a/page.html, line 3: the name or code of a person"


def test_the_name_of_a_file_is_looked_at_too():
    (leak,) = look_for(SECRETS, "institutions/blue-canal-water.html", b"")
    assert leak.where == "its name"


def zipped(**parts: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", text)
    return stream.getvalue()


def test_a_workbook_is_opened_and_each_part_read():
    data = zipped(xl__sharedStrings="<t>Indus </t><t>Valley Power</t>", docProps__core="<a/>")
    (leak,) = look_for(SECRETS, "book.xlsx", data)
    assert leak.kind == "institution"
    assert leak.where == "within xl/sharedStrings.xml"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("inner.xlsx", data)
    assert look_for(SECRETS, "all.zip", inner.getvalue())[0].kind == "institution"


def a_pdf(shown: bytes, *, title: bytes = b"(Report)") -> bytes:
    """Return a small PDF as a printer of pages writes it: glyphs by number, and their letters."""
    table = b"1 begincodespacerange <0000> <ffff> endcodespacerange\n3 beginbfchar\n"
    table += b"<0001> <0041>\n<0002> <006c>\n<0003> <0069>\nendbfchar\n"
    table += b"1 beginbfrange <0010> <0016> <0068> endbfrange\n"
    streams = [table, b"BT /F1 12 Tf [" + shown + b"] TJ ET"]
    body = b"%PDF-1.7\n1 0 obj\n<< /Title " + title + b" >>\nendobj\n"
    for number, stream in enumerate(streams, start=2):
        packed = zlib.compress(stream)
        head = b"<< /Length %d /Filter /FlateDecode >>" % len(packed)
        body += b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (number, head, packed)
    return body + b"%%EOF\n"


def test_a_pdf_is_read_by_the_letters_that_its_glyphs_stand_for():
    secrets = Secrets(names=(("person", "Ali"),))
    assert kinds_in_pdf(secrets, b"<0001> -20 <00020003>") == {"person"}
    assert kinds_in_pdf(secrets, b"<0001> <0002>") == set()
    assert kinds_in_pdf(secrets, b"<0011>") == set()


def kinds_in_pdf(secrets: Secrets, shown: bytes, **more: bytes) -> set[str]:
    return {leak.kind for leak in look_for(secrets, "report.pdf", a_pdf(shown, **more))}


@pytest.mark.parametrize("title", [b"(by Ali Khan)", b"<FEFF0041006C00690020004B00680061006E>"])
def test_what_describes_a_pdf_is_read_too(title):
    assert kinds_in_pdf(SECRETS, b"<0001>", title=title) == {"person"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("picture.png", b"\x89PNG"),
        ("book.xlsx", b"no archive"),
        ("report.pdf", b"no PDF"),
        ("page.html", b"\xff\xfe"),
    ],
)
def test_what_nobody_can_read_counts_as_a_leak(name, data):
    assert {leak.kind for leak in look_for(SECRETS, name, data)} == {"cannot be read"}


@given(
    words=st.lists(
        st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x17F), min_size=3),
        min_size=2,
        max_size=4,
    ),
    gap=st.sampled_from([" ", "\u00a0", "\n", "&nbsp;", "<br>", " \u200f", "-", "_", "</td><td>"]),
)
def test_any_name_is_found_with_any_gap(words, gap):
    name = " ".join(words)
    assert kinds(f"<p>x {gap.join(words)} y</p>", secrets=Secrets(names=(("person", name),)))
