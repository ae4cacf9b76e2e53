"""What is told of an OSCAL catalogue: texts, blanks, nesting, and what looks wrong."""

from oscal_samples import UUID, catalog, control, profile, read, taking

from cyberposture.exchange.foreign import nothing_at_hand, read_oscal
from cyberposture.exchange.oscal.view import view_catalogue


def told(identity, *controls, **more):
    """Return one control of a catalogue that holds these."""
    view = view_catalogue(
        read(catalog(groups=[{"title": "G", "controls": list(controls)}], **more))
    )
    return next(one for one in view.controls if one.id == identity)


def test_controls_stand_in_their_order_with_parents_and_headings():
    view = view_catalogue(read(catalog()))
    assert [(c.id, c.parent, c.path) for c in view.controls] == [
        ("a1", None, ("Berths",)),
        ("a1.1", "a1", ("Berths",)),
        ("a1.2", "a1", ("Berths",)),
        ("a2", None, ("Berths",)),
        ("b1", None, ("Piers", "North pier")),
    ]
    assert [(g.id, g.title, g.path) for g in view.groups] == [
        ("a", "Berths", ()),
        (None, "Piers", ()),
        (None, "North pier", ("Piers",)),
    ]
    assert view.groups[2].text == "Where the wind is."
    assert (view.id, view.title, view.version) == ("Rules of the harbour",) * 2 + ("1",)
    assert view.remarks == ()


def test_a_document_id_is_what_the_work_is_called():
    document = catalog()
    document["catalog"]["metadata"] = document["catalog"]["metadata"] | {
        "document-ids": [{"identifier": "HARBOUR"}]
    }
    assert view_catalogue(read(document)).id == "HARBOUR"


def test_a_statement_is_one_line_a_part_behind_its_label():
    def label(text):
        return [{"name": "label", "value": text}]

    inner = [{"name": "item", "props": label("(a)"), "prose": "Deep."}]
    items = [{"name": "item", "props": label("1."), "prose": "First.", "parts": inner}]
    statement = {"name": "statement", "prose": "All of:", "parts": items}
    guidance = {"name": "guidance", "prose": "Think."}
    objective = {"name": "assessment-objective", "prose": "Ask."}
    one = told("x", control("x", parts=[statement, guidance, objective]))
    assert one.statement == "All of:\n1. First.\n(a) Deep."
    assert one.guidance == "Think."


def test_without_a_statement_what_is_no_guidance_is_taken_for_it():
    parts = [
        {"name": "requirement", "prose": "Do it."},
        {"name": "guidance", "prose": "Gently."},
        {"name": "assessment-method", "prose": "Look."},
    ]
    one = told("x", control("x", parts=parts))
    assert (one.statement, one.guidance) == ("Do it.", "Gently.")


def test_blanks_are_filled_by_value_choice_or_label():
    choices = ["{{ insert: param, p1 }}", "never"]
    params = [
        {"id": "p1", "values": ["a day", "a week"]},
        {"id": "p2", "label": "who"},
        {"id": "p3", "select": {"how-many": "one-or-more", "choice": choices}},
        {"id": "p4", "select": {"choice": ["yes", "no"]}},
        {"id": "p5"},
    ]
    prose = " ".join(f"{{{{ insert: param, p{number} }}}}" for number in range(1, 6))
    one = told("x", control("x", params=params, parts=[{"name": "statement", "prose": prose}]))
    assert one.statement == (
        "a day, a week [who] [one or more of: a day, a week; never] [one of: yes; no] [p5]"
    )
    assert [p.choices for p in one.parameters if p.id == "p4"] == [("yes", "no")]


def test_a_blank_that_fills_itself_ends():
    params = [{"id": "p", "values": ["{{ insert: param, p }}"]}]
    statement = [{"name": "statement", "prose": "{{ insert: param, p }}"}]
    assert told("x", control("x", params=params, parts=statement)).statement


def test_loose_ends_are_remarked_on_and_not_followed():
    links = [{"href": "#gone"}, {"href": "#gone"}, {"href": "https://192.0.2.1/never"}]
    parts = [{"name": "statement", "prose": "At {{ insert: param, lost }}."}]
    groups = [{"title": "G", "controls": [control("x", links=links, parts=parts)]}]
    remarks = view_catalogue(read(catalog(groups=groups))).remarks
    assert [(r.where, r.what) for r in remarks] == [
        ("catalog.json: $.catalog.groups[0].controls[0]",
         "no parameter lost to fill the text with"),
        ("catalog.json: $.catalog", "2 links lead to #gone, which is not here"),
    ]  # fmt: skip


def test_a_long_text_is_cut_in_the_view_with_a_remark():
    view = view_catalogue(read(catalog(groups=[], controls=[control("x", title="y" * 5_000)])))
    assert len(view.controls[0].title) == 1_000
    assert "5000 characters" in view.remarks[0].what


def test_an_empty_catalogue_is_told_as_empty():
    assert view_catalogue(read(catalog(groups=[]))).remarks[0].what == "holds no control"


def test_of_a_profile_alone_the_ids_are_known():
    left_out = {"exclude-controls": [{"with-ids": ["a2"]}]}
    made = profile(taking("b1", "a1", "a2", href=f"#{UUID.format(1)}", **left_out))
    view, resolved = read_oscal(read(made, "p.json"), nothing_at_hand)
    assert resolved is None
    assert view.format == "oscal-profile"
    assert [c.id for c in view.controls] == ["b1", "a1"]
    assert view.remarks[0].where == "p.json: $.profile.imports[0].href"
    assert "not at hand" in view.remarks[0].what
