"""What the chat protocols share: messages become a Question, and a request says which extras it wants."""

from collections.abc import Collection
from http import HTTPStatus
from typing import get_args

from service.http.problems import field_error
from service.types import ChatExtra

EXTRAS_HEADER = "x-groundwire-extras"


def extras_of(header: str | None, unasked: Collection[ChatExtra]) -> frozenset[ChatExtra]:
    """Give the extras that a request wants: those of its header, `none` for no extra, else those of the setting.

    Raises:
        ClientException: the header names something else.

    """
    if header is None:
        return frozenset(unasked)
    names = {name.strip() for name in header.split(",")} - {"", "none"}
    known: tuple[ChatExtra, ...] = get_args(ChatExtra)
    if unknown := names - set(known):
        message = f"{', '.join(sorted(unknown))} is none of {', '.join(known)}, none"
        raise field_error(EXTRAS_HEADER, message, HTTPStatus.BAD_REQUEST)
    return frozenset(one for one in known if one in names)
