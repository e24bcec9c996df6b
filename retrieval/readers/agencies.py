"""Wire agencies: whose words an article has, whatever the names that bylines have for them."""

import re

# By the names that bylines have for them, each under the one that it is credited by.
AGENCIES = {
    name: short
    for short, names in {
        "PTI": "PTI|Press Trust of India|PTI News",
        "ANI": "ANI|Asian News International|ANI News",
        "IANS": "IANS|Indo-Asian News Service|IANS News",
        "UNI": "UNI|United News of India",
        "AFP": "AFP|Agence France-Presse|Agence France Presse|AFP News",
        "AP": "AP|Associated Press|The Associated Press|AP News",
        "Reuters": "Reuters|Thomson Reuters|Reuters News Agency|Reuters Staff",
        "Bloomberg": "Bloomberg|Bloomberg News",
        "UPI": "UPI|United Press International",
        "dpa": "dpa|Deutsche Presse-Agentur|dpa-AFX",
        "epd": "epd|Evangelischer Pressedienst",
        "KNA": "KNA|Katholische Nachrichten-Agentur",
        "SID": "SID|Sport-Informations-Dienst",
        "APA": "APA|Austria Presse Agentur",
        "Keystone-SDA": "Keystone-SDA|SDA|Keystone-ATS|ATS",
        "EFE": "EFE|Agencia EFE|Agencias EFE",
        "Europa Press": "Europa Press",
        "ANSA": "ANSA|Agenzia ANSA",
        "Lusa": "Lusa|Agência Lusa",
        "Belga": "Belga",
        "ANP": "ANP",
        "PA": "PA|PA Media|Press Association|PA News Agency",
        "TT": "TT|TT Nyhetsbyrån",
        "NTB": "NTB",
        "Ritzau": "Ritzau",
        "STT": "STT",
        "PAP": "PAP|Polska Agencja Prasowa",
        "ČTK": "ČTK|CTK",
        "TASS": "TASS|ITAR-TASS|ТАСС",
        "RIA Novosti": "RIA Novosti|РИА Новости",
        "Interfax": "Interfax|Интерфакс",
        "Sputnik": "Sputnik",
        "Ukrinform": "Ukrinform|Укринформ|Укрінформ",
        "Anadolu": "Anadolu|Anadolu Agency|Anadolu Ajansı|AA",
        "Xinhua": "Xinhua|Xinhua News|Xinhua News Agency|新华社|新華社",
        "Kyodo": "Kyodo|Kyodo News|共同通信|共同",
        "Jiji": "Jiji|Jiji Press|時事通信|時事",
        "Yonhap": "Yonhap|Yonhap News|Yonhap News Agency|연합뉴스",
        "AAP": "AAP|Australian Associated Press",
        "CP": "The Canadian Press|Canadian Press",
        "Bernama": "Bernama",
        "Antara": "Antara",
        "BSS": "BSS",
        "UNB": "UNB",
        "APP": "APP|Associated Press of Pakistan",
        "WAM": "WAM",
        "IRNA": "IRNA",
        "SANA": "SANA",
        "MENA": "MENA",
    }.items()
    for name in names.split("|")
}
_CODE = 3  # letters of a short name that is a person's as well, but for its capitals: ANI, SID


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


_KNOWN = {_key(name): short for name, short in AGENCIES.items()}


def agency_of(name: str) -> str | None:
    """Give the name that an agency is credited by; None: it is none."""
    if len(name) <= _CODE and name.istitle():
        return None
    return _KNOWN.get(_key(name))
