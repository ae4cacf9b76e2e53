"""The strict reader finds every kind of mistake, and says nothing of a page that has none."""

import base64
import hashlib

import pytest

from cyberposture.reporting.strict import StrictPage, faults_of

STYLE = "p { margin: 0 }"
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{DIGEST}'; base-uri 'none'; form-action 'none'"
GOOD = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>A page</title><style>{STYLE}</style></head>
<body><main id="top"><h1>A page</h1><p>Text &amp; more <a href="#top">up</a>.</p>
<table><caption>Rows</caption><thead><tr><th>A</th></tr></thead><tbody><tr><td>1</td></tr></tbody>
</table><ul><li>One</li></ul><svg role="img"><title>A chart</title><rect width="1"/></svg></main>
</body></html>
"""


def faults(html: str) -> list[str]:
    return faults_of(StrictPage(html), html)


def test_a_good_page_has_no_fault():
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("<!doctype html>", "", "does not begin with <!doctype html>"),
        ('<html lang="en">', "<html>", "does not say its language"),
        ("<h1>A page</h1>", "", "no heading of the first order"),
        ("</p>", "", "</main> inside <p>"),
        ("<li>One</li>", "<li>One", "</ul> inside <li>"),
        ("</ul>", "</ul></div>", "</div> inside <main>"),
        ("<li>One</li>", "<p>One</p>", None),
        ("<ul><li>One</li></ul>", "<li>One</li>", "<li> inside <main>"),
        ("<tr><td>1</td></tr>", "<td>1</td>", "<td> inside <tbody>"),
        ("Text", "<div>Text</div>", "<div> inside <p>, which holds text alone"),
        ("up</a>", '<a href="#top">up</a></a>', "a link inside a link"),
        ('<rect width="1"/>', '<rect width="1">', "<rect> is not closed"),
        ("<p>", "<p/>", "<p/> closes nothing in HTML"),
        ("<p>", '<p class="a" class="b">', "<p> has class twice"),
        ("<h1>", '<h1 id="top">', "the id 'top' stands twice"),
        ("<h1>", '<h1 id="a b">', "the id 'a b' is none"),
        ("#top", "#nowhere", "the link '#nowhere' leads nowhere"),
        ("#top", "https://elsewhere.example/", "leads away from the page"),
        ("<p>", '<p aria-describedby="gone">', "aria-describedby names 'gone'"),
        ("<p>", "<script></script><p>", "<script> has no place in a report"),
        ("<p>", '<img src="x" alt=""><p>', "<img> has no place in a report"),
        ("<p>", '<p style="color: red">', "<p> has the attribute style"),
        ("<p>", '<p onclick="x">', "<p> has the attribute onclick"),
        ("<p>", '<p title="&lt;b&gt;">', "title of <p> holds markup"),
        (STYLE, STYLE + " ", "its security policy is not"),
        (STYLE, "p { background: url(x) }", "its style fetches something"),
        ("Text", "Te\u202ext", "a mark that steers text came through"),
        ("Text", "Te\x1bxt", "the control character U+001B came through"),
        ("&amp;", "&", "an & stands for itself"),
    ],
)
def test_each_mistake_is_found_and_named(good, bad, said):
    assert good in GOOD
    found = faults(GOOD.replace(good, bad, 1))
    if said is None:
        assert found == []
    else:
        assert any(said in one for one in found), found
