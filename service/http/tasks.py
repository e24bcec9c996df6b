"""What frontends ask a model beside questions - a title, tags, follow-ups - is answered here, without a search.

They send it as they send a question, in the words of a template around the conversation. It is taken for one of these
tasks only if it has both the template's order and the conversation itself, line by line; a person's question about
titles has no such lines. Recognised are the templates of Open WebUI (title, tags, follow-ups, search queries,
autocompletion, emoji, image prompt, choice of tools), LibreChat (titles, of several releases), LobeChat (titles,
quick replies) and such as are written alike; chatbot-ui sends none. Nothing is made up: a title is the first words of
the conversation, and where something would have to be invented the list is empty.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from service.http.chat import Message

_ORDER_WITHIN = 400  # characters, in which a template says what it wants; chosen: guidelines and examples come behind
_TITLE_WORDS, _TITLE_LENGTH = 8, 60  # words, characters; what frontends ask for ends between 5 and 10 words
_HISTORY = ("<chat_history>", "</chat_history>")  # what Open WebUI puts around the conversation
_SPEAKER = r"^[ \t]*(?:\|\|>)?(?:{})[ \t]*:[ \t]*"
_USER = re.compile(_SPEAKER.format("user|human"), re.IGNORECASE | re.MULTILINE)
_ASSISTANT = re.compile(_SPEAKER.format("assistant|ai|response"), re.IGNORECASE | re.MULTILINE)
_QUOTED = re.compile(r'last assistant message:\s*"""', re.IGNORECASE)
_AUTOCOMPLETION = re.compile(r"#+ *task:?\s+you are an autocompletion system\b", re.IGNORECASE)
_EMOJI = re.compile(r"your task is to reflect\b[^\n]{0,80}\bemoji\b", re.IGNORECASE)
_TOOLS = re.compile(r"available tools:", re.IGNORECASE)
_MAKE = r"\b(?:generate|generating|create|write|provide|suggest|produce|give)\b[^#]{0,160}?"


def task_reply(messages: Sequence[Message]) -> str | None:
    """Give the reply to a frontend's own task, as it asks for it: plain, or JSON; None if this is no such task."""
    system = "\n".join(one.text for one in messages if one.role in {"system", "developer"})
    turns = [one for one in messages if one.role in {"user", "assistant"}]
    if len(turns) > 1:
        return None  # a task is one message, even where it is about a conversation
    text = turns[0].text if turns else system
    if _EMOJI.match(text):
        return "🙂"
    if _AUTOCOMPLETION.match(text):
        return json.dumps({"text": ""})
    if _TOOLS.match(system) and '"tool_calls"' in system:
        return json.dumps({"tool_calls": []})
    order, conversation = _taken_apart(text)
    if not order and (_ASSISTANT.search(conversation) or _QUOTED.match(conversation)):
        order = system  # of LobeChat, which sends the conversation alone as the user's message
    return _reply(order, conversation) if order and conversation else None


def _taken_apart(text: str) -> tuple[str, str]:
    """Give what stands before the conversation, and the conversation, from its first line of the user on."""
    order, found, rest = text.partition(_HISTORY[0])
    if found:
        return order, rest.partition(_HISTORY[1])[0].strip()
    begins = _USER.search(text) or _QUOTED.match(text)
    return (text[: begins.start()].strip(), text[begins.start() :]) if begins else (text, "")


def _reply(order: str, conversation: str) -> str | None:
    head = order[:_ORDER_WITHIN]
    found = {pattern: match.end() for pattern in _REPLIES if (match := pattern.search(head))}
    return _REPLIES[min(found, key=lambda pattern: found[pattern])](order, conversation) if found else None


def _title(order: str, conversation: str) -> str:
    words = _asked(conversation).split()
    title = " ".join(words[:_TITLE_WORDS])[:_TITLE_LENGTH].rstrip(" ?!.,;:。？！，") or "New chat"
    return _json({"title": title}) if '"title"' in order else title


def _tags(order: str, _conversation: str) -> str:
    return _json({"tags": ["General"]}) if '"tags"' in order else "General"


def _asked(conversation: str) -> str:
    """Give the first line of what the user said first."""
    begins = _USER.search(conversation)
    lines = conversation[begins.end() if begins else 0 :].splitlines()
    return next(filter(None, (line.strip(" \t\"'`") for line in lines)), "")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# What an order is for is what it names first: a title may be wanted "without tags".
_REPLIES: Mapping[re.Pattern[str], Callable[[str, str], str]] = {
    _pattern(rf"{_MAKE}\btitle\b|总结[^\n]{{0,60}}标题"): _title,
    _pattern(rf"{_MAKE}\btags\b"): _tags,
    _pattern(rf"{_MAKE}\bfollow[- ]?ups?\b"): lambda *_: _json({"follow_ups": []}),
    _pattern(r"\bextracts?\b[^\n]{0,60}\bquick-reply suggestions\b"): lambda *_: _json({"chips": []}),
    _pattern(rf"{_MAKE}\bsearch queries\b"): lambda *_: _json({"queries": []}),
    _pattern(rf"{_MAKE}\bimage generation\b"): lambda _, conversation: _json({"prompt": _asked(conversation)}),
}
