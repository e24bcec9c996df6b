"""A moment as feeds and JSON write it: ISO 8601, RFC 2822 and what resembles it, Unix time."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

_EARLIEST, _LATEST = 631_152_000, 4_102_444_800  # Unix seconds that are one of the years 1990 to 2099; chosen
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_NOON = 12
_CENTURY = 100  # a year of two digits
_PIVOT = 70  # RFC 2822, section 4.3, has 50; news of the seventies are as rare as those of the fifties

# Hours that a name means. Of IST (India, Israel, Ireland) and BST (Britain, Bangladesh) that of the most feeds.
_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0,
    "est": -5, "edt": -4, "et": -5, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "ast": -4, "adt": -3, "nst": -3.5, "ndt": -2.5, "akst": -9, "akdt": -8, "hst": -10, "brt": -3, "art": -3,
    "bst": 1, "west": 1, "cet": 1, "met": 1, "cest": 2, "mest": 2, "eet": 2, "sast": 2, "cat": 2, "eest": 3, "msk": 3,
    "eat": 3, "trt": 3, "gst": 4, "pkt": 5, "ist": 5.5, "npt": 5.75, "wib": 7, "ict": 7, "hkt": 8, "sgt": 8, "pht": 8,
    "myt": 8, "awst": 8, "jst": 9, "kst": 9, "acst": 9.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip
_ZONE = re.compile(r"(?:gmt|utc?)?([+-])(\d\d?):?(\d\d)?", re.IGNORECASE)
_CLOCK = r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?(?:\s*(?P<half>[ap])\.?m\.?)?"
_WORDS = re.compile(
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s*)?"
    r"(?:(?P<day>\d\d?)(?:st|nd|rd|th)?[\s-]+(?P<month>[a-z]{3,9})\.?,?|(?P<month2>[a-z]{3,9})\.?\s+(?P<day2>\d\d?)(?:st|nd|rd|th)?,?)"
    rf"[\s-]+(?P<year>\d{{4}}|\d\d),?(?:\s+(?:at\s+)?{_CLOCK}\s*\(?(?P<zone>[a-z]{{0,5}}(?:[+-]\d\d?:?(?:\d\d)?)?)\)?(?:\s*\([^()]*\))?)?",
    re.IGNORECASE,
)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)\s*([a-z]{1,5}|(?:gmt|utc)?[+-]\d\d?:?(?:\d\d)?)?",
    re.IGNORECASE,
)


def moment_in(value: object) -> datetime | None:
    """Read a moment; UTC unless it says otherwise; None: it is none that is understood."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _unix(value)
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    if re.fullmatch(r"\d{9,13}(\.\d{1,9})?", text):
        return _unix(float(text))
    with suppress(ValueError, OverflowError):
        if found := _ISO.fullmatch(text):
            return _in_zone(datetime.fromisoformat(found.group(1)), found.group(2))
        if found := _WORDS.fullmatch(text):
            return _in_words(found)
        return _in_zone(datetime.fromisoformat(text), None)
    return None


def _unix(number: float) -> datetime | None:
    for unit in (1, 1000):  # seconds, milliseconds
        if _EARLIEST <= number / unit < _LATEST:
            return datetime.fromtimestamp(number / unit, UTC)
    return None


def _in_words(found: re.Match[str]) -> datetime:
    month = _MONTHS.index((found["month"] or found["month2"])[:3].lower()) + 1
    year = int(found["year"])
    if len(found["year"]) == 2:  # noqa: PLR2004 - digits
        year += 2000 if year < _PIVOT else 1900
    hour = int(found["hour"] or 0)
    if found["half"]:
        hour = hour % _NOON + (_NOON if found["half"].lower() == "p" else 0)
    moment = datetime(  # noqa: DTZ001 - its zone follows
        year, month, int(found["day"] or found["day2"]), hour, int(found["minute"] or 0), int(found["second"] or 0)
    )
    return _in_zone(moment, found["zone"])


def _in_zone(moment: datetime, zone: str | None) -> datetime:
    """Place it in the zone of a name or an offset; one that is not known leaves the day alone.

    Raises:
        ValueError: no such offset.
        OverflowError: UTC has no such moment.

    """
    if moment.tzinfo is None:
        known = _offset(zone or "utc")
        if known is None:
            moment, known = datetime(moment.year, moment.month, moment.day, tzinfo=UTC), timedelta()
        moment = moment.replace(tzinfo=timezone(known))
    moment.astimezone(UTC)
    return moment


def _offset(zone: str) -> timedelta | None:
    if found := _ZONE.fullmatch(zone):
        sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return -offset if sign == "-" else offset
    hours_of = _ZONES.get(zone.lower())
    return timedelta(hours=hours_of) if hours_of is not None else None
