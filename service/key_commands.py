"""groundwire keys create | list | revoke: they need neither the store nor a model, and read no secret."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.keys import Key, KeyFile, KeyScope

_MOST = 1_000_000  # requests a minute; more are no limit
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Take a name as a line of a list and of a log can show it."""
    if not value.strip() or not value.isprintable():
        message = "it is no name"
        raise click.BadParameter(message)
    return value.strip()


def _origins(_context: click.Context, _parameter: click.Parameter, value: "Sequence[str]") -> list[str]:
    from service.settings import origin_of

    try:
        found = [origin_of(one) for one in value]
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if "*" in found:
        message = "leave it out, if pages of all origins may use the key"
        raise click.BadParameter(message)
    return found


def _moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,5})([mhd])", value)
    if not found or not int(found[1]):
        message = "it is no time such as 90d, 12h or 30m"
        raise click.BadParameter(message)
    return datetime.now(UTC) + timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.group()
def keys() -> None:
    """Make, list and revoke the keys of the service; one that runs sees it within a second."""


@keys.command()
@click.argument("name", callback=_name)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["ask", "read", "write", "admin"]),
    help="What it is for: ask questions, read articles, write them, or all and export, import and purge, too "
    "[ask and read].",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    callback=_origins,
    help="A web page's origin, such as https://news.example; only pages of those that are named can use the key.",
)
@click.option("--requests", type=click.IntRange(1, _MOST), default=60, show_default=True, help="At most, in a minute.")
@click.option("--answers", type=click.IntRange(1, _MOST), default=4, show_default=True, help="At most, at once.")
@click.option("--expires", callback=_moment, help="When it ends: in 90d, 12h or 30m [never].")
@_as_json
def create(  # noqa: PLR0913 - what a key has
    name: str,
    *,
    scopes: "tuple[KeyScope, ...]",
    origins: list[str],
    requests: int,
    answers: int,
    expires: datetime | None,
    as_json: bool,
) -> None:
    """Make a key with a NAME that says whose it is, and print it: it is shown this once."""
    key, token = _file().create(
        name,
        tuple(dict.fromkeys(scopes)) or ("ask", "read"),
        origins=origins,
        requests=requests,
        answers=answers,
        expires=expires,
    )
    if as_json:
        click.echo(_json({"key": token, **_shown(key)}))
        return
    click.echo(token)
    click.echo(f"This is the key of {name!r} ({_what(key)}). It is shown this once: keep it.", err=True)


@keys.command("list")
@_as_json
def list_keys(*, as_json: bool) -> None:
    """List the keys, also those that count no more."""
    found = _file().keys()
    if as_json:
        click.echo(_json({"keys": [_shown(key) for key in found]}))
        return
    if not found:
        click.echo("There is no key. `groundwire keys create NAME` makes one.", err=True)
    for key in found:
        click.echo(f"{key.id}  {key.name}: {_what(key)}" + (f"; {key.ended}" if key.ended else ""))


@keys.command()
@click.argument("key", metavar="ID|NAME")
@_as_json
def revoke(key: str, *, as_json: bool) -> None:
    """Let a key count no more."""
    revoked = _file().revoke(key)
    if as_json:
        click.echo(_json(_shown(revoked)))
    else:
        click.echo(f"The key {revoked.id} ({revoked.name}) is revoked.")


def _file() -> "KeyFile":
    from service.keys import KeyFile
    from service.settings import from_environment

    return KeyFile(from_environment().keys_file)


def _what(key: "Key") -> str:
    """Say in a line what a key is for."""
    parts = [
        ", ".join(key.scopes),
        f"{key.requests} requests a minute",
        f"{key.answers} answer{'s' if key.answers > 1 else ''} at once",
    ]
    if key.origins:
        parts.append(f"for pages of {', '.join(key.origins)}")
    if key.expires and not key.ended:
        parts.append(f"until {key.expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    return "; ".join(parts)


def _shown(key: "Key") -> dict[str, object]:
    return {**key.model_dump(mode="json", exclude={"hash"}), "live": key.ended is None}


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)
