"""What frontends ask a model beside questions - a title, tags, follow-ups - is answered here, without a search.

They send it as they send a question, in the words of a template around the conversation. It is taken for one of these
tasks only if it has both the template's order and the conversation itself, line by line; a person's question about
titles has no such lines. Recognised are the templates of Open WebUI (title, tags, follow-ups, search queries,
autocompletion, emoji, image prompt, choice of tools), LibreChat (titles, of several releases), LobeChat (titles,
follow-ups) and such as are written alike. Nothing is made up: a title is the first words of the conversation, and where
something would have to be invented the list is empty.
"""

import json
import re
from collections.abc import Sequence

from service.http.chat import Message

_ORDER_WITHIN = 400  # characters, in which a template says what it wants; chosen: guidelines and examples come behind
_TITLE_WORDS, _TITLE_LENGTH = 8, 60  # words, characters; what frontends ask for ends between 5 and 10 words
_HISTORY = ("<chat_history>", "</chat_history>")  # what Open WebUI puts around the conversation
_SPEAKER = r"^[ \t]*(?:\|\|>)?{}[ \t]*:[ \t]*"
_USER = re.compile(_SPEAKER.format("(?:user|human)"), re.IGNORECASE | re.MULTILINE)
_QUOTED = re.compile(r'last assistant message:\s*"""', re.IGNORECASE)
_MAKE = r"\b(?:generate|create|write|provide|suggest|produce|give)\b[^#]{0,160}"
_TITLE = re.compile(rf"{_MAKE}\btitle\b|总结[^\n]{{0,60}}标题", re.IGNORECASE)
_TAGS = re.compile(rf"{_MAKE}\btags\b", re.IGNORECASE)
_FOLLOW_UPS = re.compile(rf"{_MAKE}\bfollow[- ]?ups?\b", re.IGNORECASE)
_CHIPS = re.compile(r"\bextracts?\b[^\n]{0,60}\bquick-reply suggestions\b", re.IGNORECASE)
_QUERIES = re.compile(r"\bgenerating search queries\b|" + _MAKE + r"\bsearch queries\b", re.IGNORECASE)
_IMAGE = re.compile(rf"{_MAKE}\bprompt\b[^#]{{0,60}}\bimage generation\b", re.IGNORECASE)
_AUTOCOMPLETION = "### Task:\nYou are an autocompletion system."
_EMOJI = "Your task is to reflect the speaker's likely facial expression through a fitting emoji."
_TOOLS = "Available Tools:"


def task_reply(messages: Sequence[Message]) -> str | None:
    """Give the reply to a frontend's own task, as it asks for it: plain, or JSON; None if this is no such task."""
    system = "\n".join(one.text for one in messages if one.role in {"system", "developer"})
    turns = [one for one in messages if one.role in {"user", "assistant"}]
    if len(turns) > 1 or any(one.role == "assistant" for one in turns):
        return None  # a task is one message, a conversation may be more
    text = turns[0].text if turns else system
    if text.startswith(_EMOJI):
        return "🙂"
    if text.startswith(_AUTOCOMPLETION):
        return json.dumps({"text": ""})
    if system.startswith(_TOOLS) and '"tool_calls"' in system and turns:
        return json.dumps({"tool_calls": []})
    order, conversation = _taken_apart(text)
    if not order and turns:
        order = system
    return _reply(order, conversation) if order and conversation else None


def _taken_apart(text: str) -> tuple[str, str]:
    """Give what stands before the conversation, and the conversation, from its first line of the user on."""
    order, found, rest = text.partition(_HISTORY[0])
    if found:
        return order, rest.rpartition(_HISTORY[1])[0].strip() or rest.strip()
    begins = _USER.search(text) or _QUOTED.match(text)
    return (text[: begins.start()], text[begins.start() :]) if begins else (text, "")


def _reply(order: str, conversation: str) -> str | None:
    head = order.strip()[:_ORDER_WITHIN]
    if _CHIPS.search(head):
        return json.dumps({"chips": []})
    if _FOLLOW_UPS.search(head):
        return json.dumps({"follow_ups": []})
    if _QUERIES.search(head):
        return json.dumps({"queries": []})
    if _TAGS.search(head):
        return json.dumps({"tags": ["General"]}) if '"tags"' in order else "General"
    if _IMAGE.search(head):
        return json.dumps({"prompt": _asked(conversation)}, ensure_ascii=False)
    if _TITLE.search(head):
        title = _title(conversation)
        return json.dumps({"title": title}, ensure_ascii=False) if '"title"' in order else title
    return None


def _asked(conversation: str) -> str:
    """Give the first line of what the user said first."""
    begins = _USER.search(conversation)
    said = conversation[begins.end() :] if begins else conversation
    return next((line.strip(" \t\"'`") for line in said.splitlines() if line.strip(" \t\"'`")), "")


def _title(conversation: str) -> str:
    words = _asked(conversation).split()
    title = " ".join(words[:_TITLE_WORDS])[:_TITLE_LENGTH].rstrip(" ?!.,;:。？！，")
    return title or "New chat"
