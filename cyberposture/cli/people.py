"""`cyberposture people`: those who act in the register, each with a signing key."""

from pathlib import Path
from typing import Annotated, get_args
from uuid import UUID

import typer

from cyberposture.cli.options import Json, OnlyInstitution, as_moment, one_of
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table

HELP = "Those who act, each with a signing key."
app = typer.Typer()


@app.command("invite")
def invite(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Short name, such as a-khan.")],
    name: Annotated[str, typer.Option(help="Name as it is written.")],
    role: Annotated[str, typer.Option(help="Role, such as cert-analyst or authorising-officer.")],
    institution: Annotated[str | None, typer.Option(help="For a role at one institution.")] = None,
    key_out: Annotated[
        Path | None, typer.Option(help="Where the private key is left; else in the workspace.")
    ] = None,
    mail: Annotated[str | None, typer.Option(help="Mail address for notices.")] = None,
    language: Annotated[str | None, typer.Option(help="en or ur: of their notices.")] = None,
    as_json: Json = False,
) -> None:
    """Register a person and make a signing key that only this person keeps."""
    from cyberposture.model.people import Role
    from cyberposture.services.people import people

    held = one_of(get_args(Role), role, "role")
    runtime = open_runtime(context)
    path = key_out or runtime.key_file_of(code)
    invited = people.invite(
        runtime.register, code, name, held, path,
        institution=institution, mail=mail, language=language,
    )  # fmt: skip
    if as_json:
        show_json({"person": invited.person, "key_file": invited.key_file})
        return
    typer.echo(f"{code} is registered as {role}")
    say(f"private key: {invited.key_file} (give it to {name}, and to nobody else)")


@app.command("contact")
def contact(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the person.")],
    mail: Annotated[
        str | None, typer.Option(help="Mail address; an empty one takes it away.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="en or ur: of their notices.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Set where, and in which language, a person is written to."""
    from cyberposture.services.people import people

    person = people.set_contact(
        open_runtime(context).register, code, mail=mail, language=language, reason=reason
    )
    if as_json:
        show_json({"person": code, "mail": person.mail, "language": person.language})
        return
    typer.echo(
        f"{code} is written to at {person.mail or 'no address'} in {person.language or 'en'}"
    )


@app.command("link")
def link(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the person.")],
    reason: Annotated[str, typer.Option(help="Why, such as a lost telephone.")] = "",
    as_json: Json = False,
) -> None:
    """Print a link by which a person sets password and second factor, once, within seven days."""
    from cyberposture.services.people import signing_in

    runtime = open_runtime(context)
    token = signing_in.make_link(runtime.register, code, reason=reason)
    address = f"{runtime.settings.portal_url}/come-in/{token}"
    if as_json:
        show_json({"person": code, "link": address})
        return
    typer.echo(address)
    say(f"for {code} alone: whoever opens it first sets the password")


@app.command("list")
def list_people(
    context: typer.Context,
    as_json: Json = False,
) -> None:
    """List all people with the roles that they hold now."""
    from cyberposture.services.people import people

    found = people.list_people(open_runtime(context).register)
    if as_json:
        show_json(
            [
                {
                    **record.person.model_dump(mode="json"),
                    "roles": [
                        m.membership.model_dump(
                            mode="json",
                            include={"role", "institution", "sector", "valid_from", "valid_until"},
                        )
                        for m in held
                    ],
                }
                for record, held in found
            ]
        )
        return
    rows = (
        (
            record.person.code,
            record.person.name,
            ", ".join(
                m.membership.role
                + (
                    f" ({m.membership.institution or m.membership.sector})"
                    if m.membership.institution or m.membership.sector
                    else ""
                )
                for m in held
            ),
            "disabled" if record.person.disabled_at else "",
        )
        for record, held in found
    )
    show_table(("person", "name", "roles", ""), rows)


@app.command("disable")
def disable(
    context: typer.Context,
    code: str,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Record that a person acts no more; what they signed before stays valid."""
    from cyberposture.services.people import people

    people.disable(open_runtime(context).register, code, reason=reason)
    typer.echo(f"{code} is disabled")


@app.command("grant")
def grant(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the person.")],
    role: Annotated[str, typer.Option(help="Role, such as auditor or sector-regulator.")],
    institution: Annotated[str | None, typer.Option(help="For a role at one institution.")] = None,
    sector: Annotated[str | None, typer.Option(help="For a sector regulator.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Moment; else at once.")] = None,
    until: Annotated[str | None, typer.Option(help="Moment at which it ends.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Give a person one more role, with the dates between which they hold it."""
    from cyberposture.model.people import Role
    from cyberposture.services.people import memberships

    given = memberships.Given(
        one_of(get_args(Role), role, "role"),
        institution,
        sector,
        None if since is None else as_moment("--from", since),
        None if until is None else as_moment("--until", until),
    )
    key = memberships.grant(open_runtime(context).register, code, given, reason=reason)
    if as_json:
        show_json({"membership": str(key)})
        return
    typer.echo(f"{code} is {role}; the role is {key}")


@app.command("end")
def end(
    context: typer.Context,
    membership: Annotated[UUID, typer.Argument(help="The role, as `people roles` names it.")],
    at: Annotated[str | None, typer.Option(help="Moment at which it ends; else now.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Let a role end, now or later; what was done with it stays on record."""
    from cyberposture.services.people import memberships

    moment = None if at is None else as_moment("--at", at)
    held = memberships.end(open_runtime(context).register, membership, at=moment, reason=reason)
    typer.echo(f"{held.person} is {held.role} until {held.valid_until}")


@app.command("roles")
def roles(
    context: typer.Context,
    institution: OnlyInstitution = None,
    as_json: Json = False,
) -> None:
    """List every role that anybody holds, will hold or held, with its dates and substitutes."""
    from cyberposture.services.people import substitutes

    found = substitutes.list_belonging(open_runtime(context).register, institution)
    rows = [
        {
            "membership": str(role.id),
            **role.membership.model_dump(mode="json", exclude={"acting_for"}),
            "substitutes": [
                sub.substitute for sub in one.substitutes if sub.membership_id == role.id
            ],
        }
        for one in found
        for role in one.roles
    ]
    if as_json:
        show_json(rows)
        return
    heads = ("person", "role", "institution", "sector", "valid_from", "valid_until", "membership")
    show_table(
        ("person", "role", "institution", "sector", "from", "until", "id"),
        (tuple(str(row[name] or "") for name in heads) for row in rows),
    )


@app.command("substitute")
def substitute(
    context: typer.Context,
    membership: Annotated[UUID, typer.Argument(help="The role, as `people roles` names it.")],
    code: Annotated[str, typer.Argument(help="Code of who stands in.")],
    until: Annotated[str, typer.Option(help="Moment at which it ends.")],
    since: Annotated[str | None, typer.Option("--from", help="Moment; else at once.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Let somebody act with the role of another between two moments; every act names both."""
    from cyberposture.services.people import substitutes

    key = substitutes.name_substitute(
        open_runtime(context).register,
        membership,
        code,
        as_moment("--until", until),
        valid_from=None if since is None else as_moment("--from", since),
        reason=reason,
    )
    if as_json:
        show_json({"substitution": str(key)})
        return
    typer.echo(f"{code} stands in; the substitution is {key}")
