"""Dates as pages write them, in words or for machines: "Friday, 10 Nov. 2023, 17:43 IST", 2023-11-10T12:13:00Z."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FIRST_YEAR = 1600  # of a newspaper
_BUDDHIST = 543  # years that Thailand's calendar is ahead
_NEAR = 30  # characters between a day and its clock

# The beginnings of the names of months, by which a word is known as one: "Novembre", "ноября", "नवंबर".
_MONTHS = (
    "jan gen ene янв січ sty led oca ιαν tammi leden ocak يناير جانفي जन जानेवारी জানু ஜன జనవరి ജനുവരി ژانویه جنوری sije มกร",
    "feb fév fev лют фев lut únor úno şub φεβ helmi febbr فبراير फ़र फर ফেব্রু பிப் ఫిబ్ర ഫെബ്രു فوریه فروری vel กุมภา",
    "mar mär mrz бер мар březen břez bře µαρ μαρ maalis مارس मार्च মার্চ மார்ச் మార్చి മാർച്ച് مارچ มีนา",
    "apr avr abr апр квіт kwi dub nis απρ huhti أبريل ابريل अप्रैल एप्रिल এপ্রিল ஏப்ர ఏప్రి ഏപ്രി آوریل اپریل เมษา",
    "may mai maj mei май мая трав květen květ kvě mayıs μαΐ μαι touko مايو मई मे মে மே మే മേയ് maggio mag مئی พฤษภา",
    "jun jui giu czerw cze черв июн červen červn haz ιουν ιούν kesä يونيو जून জুন ஜூன் జూన్ ജൂണ്‍ ژوئن جون มิถุนา",
    "jul juil lug lip лип июл červenec července tem ιουλ ιούλ heinä يوليو जुलाई जुलै জুলাই ஜூலை జూలై ജൂലൈ ژوئیه جولائی กรกฎ",
    "aug ago aoû aou août sie серп авг srp ağu αυγ αύγ elo أغسطس اغسطس अग ऑग আগস্ট ஆக ఆగ ഓഗ اوت اگست agt สิงหา",
    "sep set wrz верес сен zář eyl σεπ syys سبتمبر सित सप्टें সেপ্টে செப் సెప్టె സെപ് سپتامبر ستمبر กันยา",
    "oct okt out ott paź жовт окт říj eki οκτ loka أكتوبر اكتوبر अक्टू ऑक्टो অক্টো அக் అక్టో ഒക് اکتبر اکتوبر ตุลา",
    "nov листоп ноя lis kas νοε νοέ marras نوفمبر नव नोव्हें নভে நவ నవం നവ نوامبر نومبر พฤศจิกา",
    "dec dez dic déc груд дек gru pros ara δεκ joulu ديسمبر दिस डिसें ডিসে டிச డిసెం ഡിസ دسامبر دسمبر des ธันวา",
)
_STEMS = sorted(
    ((stem, number) for number, stems in enumerate(_MONTHS, 1) for stem in stems.split()),
    key=lambda pair: -len(pair[0]),
)
_WORD = r"[^\s\d,.:;|()/·•\[\]<>«»\"“”–—-]{2,14}"
_ORDINAL = r"(?:st|nd|rd|th|er|º|ª|ème)?"
_DAYS = (
    ("ymd", re.compile(r"(?<![\d/.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d|[-/.]\d)")),
    ("ymd", re.compile(r"(\d{4})()\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")),
    ("era", re.compile(r"令和(\d{1,2}|元)()年(\d{1,2})月(\d{1,2})日")),
    (
        "dmonthy",
        re.compile(
            rf"(?<!\d)(\d{{1,2}}){_ORDINAL}[.\s,/-]{{0,3}}(?:de |d['’]|of )?({_WORD})[.,]?[\s,/-]{{0,3}}(?:de |del |of |г)?(\d{{4}})(?!\d)",
            re.IGNORECASE,
        ),
    ),
    (
        "monthdy",
        re.compile(
            rf"(?<!\w)({_WORD})\.?[\s-]{{1,2}}(\d{{1,2}}){_ORDINAL},?[\s-]{{1,2}}(\d{{4}})(?!\d)", re.IGNORECASE
        ),
    ),
    ("ymonthd", re.compile(rf"(?<!\d)(\d{{4}})[.,\s-]{{1,2}}({_WORD})\.?[\s-](\d{{1,2}})(?!\d)", re.IGNORECASE)),
    ("dmy", re.compile(r"(?<![\d/.-])(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?!\d|[./-]\d)")),
)
_DIGIT = re.compile(r"\d")
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_ON_WEEKDAY = re.compile(
    r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s+(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$", re.IGNORECASE
)
_CLOCK = re.compile(
    r"(?<![\d:.])(?P<before>[上下]午|午前|午後|오전|오후)?\s?"
    r"(?:(?P<hour>\d{1,2})\s?(?::|[hH时時点점](?=\s?\d)|시\s?|\.(?=\d\d(?!\.?\d)))\s?(?P<minute>\d{2})(?!\d)(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"|(?P<only>\d{1,2})(?=\s?[ap]\.?\s?m\b))"
    r"\s?(?P<half>[aApP]\.?\s?[mM]\b\.?)?(?:\s?(?:Uhr|hrs|hours|uur|分|분|h)\b)?"
    r"\s?,?\s?[(\[]?(?P<zone>(?:UTC|GMT)\s?[+-]\s?\d{1,2}(?::?\d\d)?|[+-]\d\d:?\d\d|Z\b|(?:МСК|мск)\b|[A-Z][A-Za-z]{1,4}\b)?"
)
_MACHINE = re.compile(
    r"\s*(\d{4})-?(\d\d)-?(\d\d)(?:[T\s]+(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?\s*(?:\[[\w/]+\])?\s*",
    re.IGNORECASE,
)

# Abbreviations that mean one thing wherever they are written, in minutes from UTC; a region's capital for those that
# change with the season.
_MINUTES = {
    "Z": 0,
    "UTC": 0,
    "GMT": 0,
    "WET": 0,
    "WEST": 60,
    "CET": 60,
    "MEZ": 60,
    "CEST": 120,
    "MESZ": 120,
    "EET": 120,
    "EEST": 180,
    "MSK": 180,
    "МСК": 180,
    "мск": 180,
    "EAT": 180,
    "SAST": 120,
    "PKT": 300,
    "NPT": 345,
    "WIB": 420,
    "ICT": 420,
    "HKT": 480,
    "SGT": 480,
    "AWST": 480,
    "PHT": 480,
    "MYT": 480,
    "WITA": 480,
    "JST": 540,
    "KST": 540,
    "WIT": 540,
    "AEST": 600,
    "AEDT": 660,
    "ACST": 570,
    "ACDT": 630,
    "NZST": 720,
    "NZDT": 780,
    "EST": -300,
    "EDT": -240,
    "CDT": -300,
    "MST": -420,
    "MDT": -360,
    "PST": -480,
    "PDT": -420,
    "AKST": -540,
    "HST": -600,
    "BRT": -180,
    "ART": -180,
}
_SEASONAL = {"ET": "America/New_York", "PT": "America/Los_Angeles"}
# Those that mean several, with the country in which they mean this.
_AMBIGUOUS = {("IST", "IN"): 330, ("IST", "IE"): 60, ("IST", "IL"): 120, ("BST", "GB"): 60, ("CST", "US"): -360}
_CHINA = {("CST", "CN"): 480, ("BST", "BD"): 360, ("GST", "AE"): 240, ("AST", "SA"): 180, ("CST", "TW"): 480}
_SEASONS = {("CT", "US"): "America/Chicago", ("MT", "US"): "America/Denver"}
_ONE_ZONE = {
    country: timedelta(minutes=minutes)
    for country, minutes in {
        "JP": 540,
        "JA": 540,
        "KR": 540,
        "KO": 540,
        "IN": 330,
        "CN": 480,
        "ZH": 480,
        "TW": 480,
        "HK": 480,
    }.items()
}


@dataclass(frozen=True)
class Moment:
    """A day as it is there, and the moment, where its time and its zone are known."""

    day: date
    when: datetime | None = None
    start: int = 0
    end: int = 0

    @property
    def published(self) -> datetime:
        """Give the moment, else 00:00 UTC of the day."""
        return self.when or datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)


def machine_moment(text: str, country: str = "") -> Moment | None:
    """Read what is written for machines: ISO 8601 and what comes near it, else a date in words or seconds since 1970."""
    text = text.strip()
    found = _MACHINE.fullmatch(text)
    if not found:
        if re.fullmatch(r"\d{10}|\d{13}", text):
            return _plausible(datetime.fromtimestamp(int(text[:10]), tz=UTC))
        return next(moments_in(text, country), None)
    year, month, day, hour, minute, second, zone = found.groups()
    on = _day(int(year), int(month), int(day))
    if on is None:
        return None
    if hour is None or zone is None:
        return Moment(on)  # a clock without a zone is of no use
    when = _at(on, int(hour), int(minute), int(second or 0), _offset(zone.upper(), on, country))
    return _plausible(when, on) if when else Moment(on)


def moments_in(text: str, country: str = "") -> Iterator[Moment]:
    """Give the dates that a line of text holds, in their order."""
    if not _DIGIT.search(text):
        return
    text = re.sub(r"[^\x00-\x7f]", lambda c: str(unicodedata.decimal(c[0], c[0])), text)
    found: list[tuple[int, int, date]] = []
    for form, pattern in _DAYS:
        for match in pattern.finditer(text):
            day = _read(form, match.groups(), country) or _by_weekday(text[max(0, match.start() - 12) : match.end()])
            if day and not any(start < match.end() and match.start() < end for start, end, _ in found):
                found.append((match.start(), match.end(), day))
    found.sort()
    ends = [0, *(end for _, end, _ in found)]
    starts = [*(start for start, _, _ in found[1:]), len(text)]
    for (start, end, day), before, behind in zip(found, ends, starts, strict=False):
        yield _with_clock(text, Moment(day, None, start, end), before, behind, country)


def _by_weekday(text: str) -> date | None:
    """Read "Tue, 03/09/2021", which is one of two dates, by its day of the week."""
    found = _ON_WEEKDAY.search(text)
    if not found:
        return None
    weekday, one, other, year = _WEEKDAYS.index(found.group(1).lower()), *(int(part) for part in found.groups()[1:])
    days = [day for day in (_day(year, one, other), _day(year, other, one)) if day and day.weekday() == weekday]
    return days[0] if len(days) == 1 else None


def _with_clock(text: str, moment: Moment, before: int, behind: int, country: str) -> Moment:
    after = _CLOCK.search(text, moment.end, min(behind, moment.end + _NEAR + 20))
    if (
        after
        and after.start() - moment.end <= _NEAR
        and not re.search(r"updat|modif|edit|aktual", text[moment.end : after.start()], re.IGNORECASE)
    ):
        return _clocked(moment, after, moment.start, after.end(), country)
    early = list(_CLOCK.finditer(text, max(before, moment.start - _NEAR - 20), moment.start))
    if early and moment.start - early[-1].end() <= _NEAR:
        return _clocked(moment, early[-1], early[-1].start(), moment.end, country)
    return moment


def _clocked(moment: Moment, clock: re.Match[str], start: int, end: int, country: str) -> Moment:
    hour, minute = int(clock["hour"] or clock["only"]), int(clock["minute"] or 0)
    half = (clock["half"] or "").lower()[:1] or {
        "下午": "p",
        "午後": "p",
        "오후": "p",
        "上午": "a",
        "午前": "a",
        "오전": "a",
    }.get(clock["before"] or "", "")
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    zone = clock["zone"]
    # A clock without a zone is that of a country that has one.
    offset = _offset(zone.strip(), moment.day, country) if zone else _ONE_ZONE.get(country)
    when = _at(moment.day, hour, minute, int(clock["second"] or 0), offset)
    return Moment(moment.day, when, start, end)


def _read(form: str, groups: tuple[str | None, ...], country: str) -> date | None:
    parts = [group or "" for group in groups]
    if form == "ymd":
        return _day(int(parts[0]), int(parts[2]), int(parts[3]))
    if form == "era":
        return _day(2018 + (1 if parts[0] == "元" else int(parts[0])), int(parts[2]), int(parts[3]))
    if form == "dmy":
        return _numeric(int(parts[0]), parts[1], int(parts[2]), parts[3], country)
    if form == "dmonthy":
        day, word, year = parts
    elif form == "monthdy":
        word, day, year = parts
    else:
        year, word, day = parts
    month = month_of(word)
    return _day(int(year), month, int(day)) if month else None


def _numeric(one: int, separator: str, other: int, year: str, country: str) -> date | None:
    full = int(year) if len(year) == 4 else 2000 + int(year)
    if len(year) != 4 and separator != ".":
        return None
    if one > 12 or separator == "." or one == other:
        return _day(full, other, one)
    if other > 12:
        return _day(full, one, other)
    if not country:
        return None  # two dates, and nothing says which of them
    return _day(full, one, other) if country == "US" else _day(full, other, one)


def month_of(word: str) -> int | None:
    """Give the number of a month's name or its abbreviation, in any of the languages that are known here."""
    word = word.lower().rstrip(".")
    for stem, number in _STEMS:
        if word.startswith(stem) and (len(word) - len(stem) <= 7):
            # What begins alike and is a word of another kind: "marched", "mayor", "decided", "augment".
            return (
                None
                if re.fullmatch(
                    r"(?:march|decid|augment|mayo?r|sett|sec|octop|novel|marri|mark|janit|junk|junct|april?e|september?\w{3,}|general|lip[aes]|list|gener)\w*",
                    word,
                )
                and word not in {"march", "gener", "listopada"}
                else number
            )
    return None


def _offset(zone: str, day: date, country: str) -> timedelta | None:
    if zone in _MINUTES:
        return timedelta(minutes=_MINUTES[zone])
    if found := re.fullmatch(r"(?:UTC|GMT)?\s?([+-])\s?(\d{1,2}):?(\d\d)?", zone):
        sign, hours, minutes = found.groups()
        return (timedelta(hours=int(hours), minutes=int(minutes or 0))) * (-1 if sign == "-" else 1)
    minutes_there = {**_AMBIGUOUS, **_CHINA}.get((zone, country))
    if minutes_there is not None:
        return timedelta(minutes=minutes_there)
    region = _SEASONAL.get(zone) or _SEASONS.get((zone, country))
    if region:
        try:
            return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(region)).utcoffset()
        except ZoneInfoNotFoundError:
            return None  # a system without the time zones: the day is known all the same
    return None


def _at(day: date, hour: int, minute: int, second: int, offset: timedelta | None) -> datetime | None:
    if offset is None or abs(offset) >= timedelta(hours=15):
        return None
    try:
        return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=timezone(offset))
    except ValueError:
        return None


def _day(year: int, month: int, day: int) -> date | None:
    if 2400 < year < 2700:
        year -= _BUDDHIST
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    # 1970-01-01 is what a machine says that has no date; tomorrow is for pages of the other side of the earth.
    today = datetime.now(tz=UTC).date()
    return (
        found
        if found.year >= _FIRST_YEAR and found != date(1970, 1, 1) and found <= today + timedelta(days=1)
        else None
    )


def _plausible(when: datetime, day: date | None = None) -> Moment | None:
    on = _day(when.year, when.month, when.day)
    return Moment(day or on, when) if on else None
