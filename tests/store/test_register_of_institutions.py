"""Institutions, people, roles, editions, rounds and declarations, as they stood at any moment."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from cyberposture.errors import Corrupt, InvalidInput, NotFound, WrongState
from cyberposture.model.institutions import Asset, Declaration, Institution
from cyberposture.model.people import Membership
from cyberposture.store import tables as t
from cyberposture.store.declarations import (
    get_declaration,
    list_declarations,
    record_declaration,
)
from cyberposture.store.editions import (
    adopt_edition,
    find_adoption,
    find_current_edition,
    find_edition,
    get_edition_content,
    list_adoptions,
    list_editions,
    record_adoption,
)
from cyberposture.store.institutions import (
    find_institution,
    get_institution,
    get_institution_by_id,
    get_institution_id,
    insert_institution,
    list_institutions,
    list_versions,
    record_change,
)
from cyberposture.store.people import (
    disable_person,
    end_membership,
    find_key,
    get_person,
    insert_membership,
    insert_person,
    list_memberships,
    record_key,
)
from cyberposture.store.rounds import close_round, get_round, insert_round, list_rounds


def power(**changes):
    """A fictional power company."""
    fields = {"code": "indus-valley-power", "name": "Indus Valley Power", "tier": "G"}
    lists = {"sectors": ("energy",), "features": ("mail",), "contacts": ("duty room 0",)}
    return Institution(**fields | lists | changes)


def steps_of_a_look(database, code, by_id, now):
    """Return how many steps SQLite takes to look up one institution, by code and by id."""
    steps = []
    with database.reading() as connection:
        file = connection.connection.driver_connection
        file.set_progress_handler(lambda: steps.append(1) and 0, 1)
        get_institution(connection, code, as_of=now)
        get_institution_by_id(connection, by_id, as_of=now)
        file.set_progress_handler(None, 0)
    return len(steps)


def test_one_institution_costs_the_same_among_few_and_many(database, make, engine):
    """A dry run over all institutions looks each of them up."""
    if engine != "sqlite":
        pytest.skip("PostgreSQL does not tell its steps")
    now = make.act(minutes=1).at
    with database.transaction() as connection:
        first = make.institution(connection)
    code = first.institution.code
    alone = steps_of_a_look(database, code, first.id, now)
    with database.transaction() as connection:
        for _ in range(100):
            make.institution(connection)
    assert alone > 0
    assert steps_of_a_look(database, code, first.id, now) < 2 * alone


def test_institution_comes_back_as_it_was_registered(database, make):
    with database.transaction() as connection:
        parent = make.institution(connection).institution.code
        given = power(parent=parent, active_from=make.act(minutes=-9).at)
        record = insert_institution(connection, given, make.act())
        kept = get_institution(connection, given.code, as_of=make.act().at)
        assert get_institution_by_id(connection, record.id, as_of=make.act().at) == kept
        assert get_institution_id(connection, given.code) == record.id
    assert kept == record
    assert (kept.institution, kept.act) == (given, make.act())


def test_institution_is_read_under_the_name_that_it_had_then(database, make):
    renamed = power(name="Indus Energy", tier="X", sectors=("energy", "water"))
    with database.transaction() as connection:
        insert_institution(connection, power(), make.act())
        record_change(connection, renamed, make.act(minutes=5), valid_from=make.act(minutes=60).at)

        def name(minutes):
            found = find_institution(
                connection, "indus-valley-power", as_of=make.act(minutes=minutes).at
            )
            return found and found.institution.name

        assert [name(m) for m in (-1, 0, 59, 60)] == [
            None,
            "Indus Valley Power",
            "Indus Valley Power",
            "Indus Energy",
        ]


def test_late_correction_of_an_old_name_leaves_the_present_one(database, make):
    with database.transaction() as connection:
        record = insert_institution(connection, power(), make.act())
        record_change(connection, power(name="Third"), make.act(minutes=20))
        record_change(
            connection,
            power(name="Second"),
            make.act(minutes=30),
            valid_from=make.act(minutes=10).at,
        )
        names = [version.institution.name for version in list_versions(connection, record.id)]
        present = get_institution(connection, "indus-valley-power", as_of=make.act(minutes=99).at)
    assert names == ["Indus Valley Power", "Second", "Third"]
    assert (present.institution.name, present.revision) == ("Third", 2)


def test_institutions_are_listed_by_sector_and_life(database, make):
    with database.transaction() as connection:
        insert_institution(connection, power(), make.act())
        make.institution(connection, code="closed-bank", sectors=("finance",))
        gone = make.institution(connection, code="gone-water", active_until=make.act().at)
        now = make.act().at
        codes = [r.institution.code for r in list_institutions(connection, as_of=now)]
        energy = list_institutions(connection, as_of=now, sector="energy", active_only=True)
        before = list_institutions(connection, as_of=now - timedelta(minutes=1))
    assert codes == ["closed-bank", "gone-water", "indus-valley-power"]
    assert [r.institution.code for r in energy] == ["indus-valley-power"]
    assert gone.institution.sectors == ("energy",)
    assert before == []


def test_code_is_given_once_and_a_parent_must_be_known(database, make):
    with database.transaction() as connection:
        insert_institution(connection, power(), make.act())
        with pytest.raises(WrongState, match="indus-valley-power"):
            insert_institution(connection, power(), make.act())
        with pytest.raises(NotFound, match="nobody"):
            record_change(connection, power(parent="nobody"), make.act())
        with pytest.raises(NotFound):
            record_change(connection, power(code="other"), make.act())


def test_old_signatures_find_the_key_of_their_time(database, make):
    with database.transaction() as connection:
        person = make.person(connection, "amna-khan")
        record_key(connection, "amna-khan", "cd" * 32, make.act(minutes=10))
        keys = [find_key(connection, person.id, as_of=make.act(minutes=m).at) for m in (-1, 9, 10)]
        assert get_person(connection, "amna-khan").person.public_key == "cd" * 32
    assert keys == [None, "ab" * 32, "cd" * 32]


def test_disabled_person_stays_in_the_register(database, make):
    with database.transaction() as connection:
        record = make.person(connection, "amna-khan")
        disable_person(connection, "amna-khan", make.act(minutes=5))
        kept = get_person(connection, "amna-khan")
        with pytest.raises(WrongState):
            disable_person(connection, "amna-khan", make.act(minutes=6))
        with pytest.raises(WrongState):
            insert_person(connection, record.person, make.act())
        with pytest.raises(NotFound):
            get_person(connection, "nobody")
    assert kept.person.disabled_at == make.act(minutes=5).at


def test_roles_are_read_as_they_were_held(database, make):
    with database.transaction() as connection:
        institution = make.institution(connection)
        make.person(connection, "amna-khan")
        lead = Membership(
            person="amna-khan",
            role="institution-lead",
            institution=institution.institution.code,
            valid_from=make.act().at,
        )
        centre = Membership(
            person="amna-khan",
            role="cert-analyst",
            valid_from=make.act(minutes=10).at,
            valid_until=make.act(minutes=20).at,
        )
        first = insert_membership(connection, lead, make.act())
        insert_membership(connection, centre, make.act())
        end_membership(
            connection, first.id, make.act(minutes=11), valid_until=make.act(minutes=15).at
        )

        def roles(minutes=None, **wanted):
            moment = None if minutes is None else make.act(minutes=minutes).at
            held = list_memberships(connection, as_of=moment, person="amna-khan", **wanted)
            return [record.membership.role for record in held]

        assert roles(-1) == []
        assert roles(12) == ["institution-lead", "cert-analyst"]
        assert roles(15) == ["cert-analyst"]
        assert roles(20) == []
        assert roles() == ["institution-lead", "cert-analyst"]
        assert roles(institution_id=institution.id) == ["institution-lead"]
        assert roles(role="cert-analyst") == ["cert-analyst"]
        assert len(list_memberships(connection)) == 2


def test_adopted_edition_is_kept_byte_for_byte(database, make):
    content = '{"title":"ضابطہ"}'.encode()
    with database.transaction() as connection:
        for minutes, data in enumerate((content, b"{}", content)):
            adopt_edition(
                connection,
                "catalogue",
                data,
                make.act(minutes=minutes),
                name="national",
                version=f"1.{minutes}",
            )
        kept = list_editions(connection, "catalogue")
        assert [edition.version for edition in kept] == ["1.0", "1.1"]
        assert get_edition_content(connection, "catalogue", kept[0].digest) == content
        assert find_edition(connection, "checks", kept[0].digest) is None
        current = find_current_edition(connection, "catalogue", as_of=make.act(minutes=0.5).at)
        assert current == kept[0]
        with pytest.raises(NotFound):
            get_edition_content(connection, "checks", kept[0].digest)


@pytest.mark.parametrize("bytes_kept", [b"no archive", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_changed_edition_is_not_served(database, make, bytes_kept):
    with database.transaction() as connection:
        edition = adopt_edition(connection, "checks", b"[]", make.act(), name="packs", version="1")
        connection.execute(sa.update(t.editions).values(content=bytes_kept))
        with pytest.raises(Corrupt):
            get_edition_content(connection, "checks", edition.digest)


def test_adoption_says_what_is_in_force_even_when_it_was_there_before(database, make):
    first = {"catalogue": b"[1]", "checks": b"[]", "texts": b"{}"}
    second = first | {"catalogue": b"[2]"}
    with database.transaction() as connection:
        assert find_adoption(connection) is None
        for minutes, documents in enumerate((first, second, first | {"texts": b"[]"})):
            act = make.act(minutes=minutes)
            record_adoption(connection, documents, act, name="national", version=f"1.{minutes}")
        kept = list_adoptions(connection)
        assert [one.number for one in kept] == [1, 2, 3]
        assert kept[0].catalogue == kept[2].catalogue != kept[1].catalogue
        assert [one.version for one in kept] == ["1.0", "1.1", "1.0"]
        assert find_adoption(connection) == kept[2]
        assert find_adoption(connection, kept[0].catalogue) == kept[2]
        assert find_adoption(connection, kept[1].catalogue) == kept[1]
        assert find_adoption(connection, "0" * 64) is None
        assert len(list_editions(connection)) == 5


def test_round_is_opened_once_and_closed_once(database, make):
    with database.transaction() as connection:
        record = make.round(connection)
        with pytest.raises(WrongState):
            insert_round(connection, record.round, make.act())
        close_round(connection, record.round.code, make.act(minutes=5))
        with pytest.raises(WrongState):
            close_round(connection, record.round.code, make.act(minutes=6))
        (kept,) = list_rounds(connection)
        with pytest.raises(NotFound):
            get_round(connection, "never")
    assert (kept.round, kept.closed_at) == (record.round, make.act(minutes=5).at)


@pytest.fixture
def declare(database, make):
    """Declare assets for one institution, some minutes after noon."""
    with database.transaction() as connection:
        institution = make.institution(connection)

    def run(*assets, minutes=0):
        with database.transaction() as connection:
            declaration = Declaration(institution=institution.institution.code, assets=assets)
            return record_declaration(connection, declaration, make.act(minutes=minutes))

    return run


def host(asset_id, *addresses, **changes):
    return Asset(id=asset_id, kind="host", addresses=addresses, **changes)


def test_declaration_tells_what_it_changed_and_keeps_what_was_there(database, declare):
    first = declare(host("mail", "39.32.10.7"), host("web", "39.32.10.8"))
    second = declare(host("mail", "39.32.10.9"), host("web", "39.32.10.8"), host("vpn"), minutes=10)
    third = declare(host("vpn"), minutes=20)
    assert (first.added, first.changed, first.removed) == (("mail", "web"), (), ())
    assert (second.added, second.changed, second.removed) == (("vpn",), ("mail",), ())
    assert (third.added, third.changed, third.removed) == ((), (), ("mail", "web"))
    with database.reading() as connection:
        owner = first.institution_id

        def ids(**wanted):
            return [asset.id for asset in get_declaration(connection, owner, **wanted).assets]

        assert ids() == ["vpn"]
        assert ids(revision=1) == ["mail", "web"]
        assert ids(revision=2) == ["mail", "vpn", "web"]
        old = get_declaration(connection, owner, revision=1)
        assert old.addresses() == ("39.32.10.7", "39.32.10.8")
        assert [r.revision for r in list_declarations(connection, owner)] == [1, 2, 3]


def test_declaration_is_read_as_it_was_known_and_as_its_assets_existed(database, declare, make):
    ended = host("old", valid_until=make.act(minutes=30).at)
    coming = host("new", valid_from=make.act(minutes=30).at)
    record = declare(ended, coming, host("always"))
    declare(host("always"), minutes=60)
    with database.reading() as connection:

        def ids(minutes):
            as_of = make.act(minutes=minutes).at
            found = get_declaration(connection, record.institution_id, as_of=as_of)
            return [asset.id for asset in found.assets]

        assert [ids(m) for m in (-1, 0, 30, 60)] == [
            [],
            ["always", "old"],
            ["always", "new"],
            ["always"],
        ]


def test_asset_comes_back_as_it_was_declared_and_goes_and_comes_again(database, declare, make):
    full = host(
        "mail",
        "39.32.10.7",
        "2001:db8::7",
        title="ڈاک",
        names=("mail.example",),
        zone="dmz",
        services=({"port": 25},),
        third_party="A hoster",
        valid_from=make.act().at,
    )
    declare(full)
    declare(minutes=1)
    record = declare(full, minutes=2)
    assert record.added == ("mail",)
    with database.reading() as connection:
        assert get_declaration(connection, record.institution_id).assets == (full,)


def test_asset_id_that_stands_twice_is_refused_where_it_stands(declare):
    with pytest.raises(InvalidInput, match=r"assets\[1\]\.id"):
        declare(host("mail"), host("mail"))
