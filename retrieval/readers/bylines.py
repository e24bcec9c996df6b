"""Who a byline names: people, wire agencies, or a desk, which is nobody."""

import re
from collections.abc import Iterable

from retrieval.readers.agencies import agency_of

_NOBODY = re.compile(
    r"(?:admin(?:istrator)?|root|user|unknown|anonymous|none|null|n/?a|guest|webmaster|editors?|no-?reply|agencies"
    r"|(?:the )?(?:news|web|online|digital|sports?|business|national|world)s? ?(?:desk|team|editors?|bureau|staff)"
    r"|(?:our |a |special |staff |own |senior )*(?:correspondent|reporter|writer|staff|bureau)s?)",
    re.IGNORECASE,
)
_BY = re.compile(r"^(?:(?:written |posted |reported )?by\b:?)\s+(?=\S)", re.IGNORECASE)
_MAIL = re.compile(r"\S+@\S+")
_STAFF = re.compile(r"\s+(?:staff|wire)$", re.IGNORECASE)


def people_and_agencies(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tell people from agencies, each once; roles and desks are left out."""
    people: dict[str, None] = {}
    agencies: dict[str, None] = {}
    for name in names:
        one = " ".join(_MAIL.sub(" ", _BY.sub("", name.strip())).split())
        one = one.removeprefix("(").removesuffix(")").strip(" ,;|-") if "@" in name else one.strip(" ,;|")
        if agency := agency_of(_STAFF.sub("", one)):
            agencies[agency] = None
        elif one and not _NOBODY.fullmatch(one):
            people[one] = None
    return tuple(people), tuple(agencies)
