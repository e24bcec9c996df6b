"""What frontends ask a model beside questions - a title, tags, follow-ups - is answered here, without a search.

They send it as they send a question, in the words of a template around the conversation. It is taken for one of these
tasks only if it has both the template's order and the conversation itself, line by line; a person's question about
titles has no such lines. Recognised are the templates of Open WebUI, by the JSON that they ask for, as their words
change with its releases (title, tags, follow-ups, search queries, image prompt, autocompletion; the choice of tools and
the emoji by their first words), of LibreChat and LobeChat (titles, quick replies), and such as are written alike.
Nothing is made up: a title is the first words of the conversation, and where something would have to be invented the
list is empty.
"""

import json
import re
from collections.abc import Sequence

from service.http.chat import Message

_TITLE_WORDS, _TITLE_LENGTH = 8, 60  # words, characters; what frontends ask for ends between 5 and 10 words
_HISTORY = ("<chat_history>", "</chat_history>")  # what Open WebUI puts around the conversation
_SHAPE = re.compile(r'\{\s*"(title|tags|follow_ups|queries|prompt|text)"\s*:')
_SPEAKER = r"^[ \t]*(?:\|\|>)?(?:{})[ \t]*:[ \t]*"
_USER = re.compile(_SPEAKER.format("user|human"), re.IGNORECASE | re.MULTILINE)
_ASSISTANT = re.compile(_SPEAKER.format("assistant|ai|response"), re.IGNORECASE | re.MULTILINE)
_QUOTED = re.compile(r'last assistant message:\s*"""', re.IGNORECASE)
# Within a template's first sentences, before the headings of its guidelines and examples.
_TITLE = re.compile(
    r"\A[^#]{0,200}?\b(?:generate|create|write|provide|suggest|produce|give)\b[^#]{0,160}?\btitle\b|总结[^\n]{0,60}标题",
    re.IGNORECASE,
)
_CHIPS = re.compile(r"\A[^\n]{0,200}?\bextracts?\b[^\n]{0,60}\bquick-reply suggestions\b", re.IGNORECASE)
_HEADING = re.compile(r"\A#+ *tasks?:?\s+", re.IGNORECASE)
_EMOJI = re.compile(r"your task is to reflect\b[^\n]{0,80}\bemoji\b", re.IGNORECASE)
_TOOLS, _TOOLS_ASKED = re.compile(r"available tools:", re.IGNORECASE), re.compile(r"(?:history|query):", re.IGNORECASE)


def task_reply(messages: Sequence[Message]) -> str | None:
    """Give the reply to a frontend's own task, as it asks for it: plain, or JSON; None if this is no such task."""
    system = "\n".join(one.text for one in messages if one.role in {"system", "developer"})
    turns = [one for one in messages if one.role in {"user", "assistant"}]
    if len(turns) > 1:
        return None  # a task is one message, even where it is about a conversation
    text = turns[0].text if turns else system
    if _EMOJI.match(text):
        return "🙂"
    if _TOOLS.match(system) and '"tool_calls"' in system and _TOOLS_ASKED.match(text):
        return _json({"tool_calls": []})
    order, tagged, rest = text.partition(_HISTORY[0])
    if tagged:
        conversation = rest.partition(_HISTORY[1])[0]
        shape = _SHAPE.search(order)
        return _shaped(shape[1], conversation) if shape else _in_words(order, conversation)
    begins = _USER.search(text) or _QUOTED.match(text)
    if not begins:
        return None
    order, conversation = text[: begins.start()].strip(), text[begins.start() :]
    if not order and (_ASSISTANT.search(conversation) or _QUOTED.match(conversation)):
        order = system  # of LobeChat, which sends the conversation alone as the user's message
    return _in_words(order, conversation)


def _shaped(key: str, conversation: str) -> str:
    """Reply in the JSON that a template asks for, by its key."""
    match key:
        case "title":
            return _json({key: _title(conversation)})
        case "tags":
            return _json({key: ["General"]})
        case "prompt":
            return _json({key: _asked(conversation)})
        case "text":
            return _json({key: ""})
        case _:
            return _json({key: []})


def _in_words(order: str, conversation: str) -> str | None:
    """Reply to an order that names no JSON, or what it names is not shown."""
    if _TITLE.search(_HEADING.sub("", order)):
        return _title(conversation)
    return _json({"chips": []}) if _CHIPS.search(order) else None


def _title(conversation: str) -> str:
    words = _asked(conversation).split()
    return " ".join(words[:_TITLE_WORDS])[:_TITLE_LENGTH].rstrip(" ?!.,;:。？！，") or "New chat"


def _asked(conversation: str) -> str:
    """Give the first line of what the user said first."""
    begins = _USER.search(conversation)
    lines = conversation[begins.end() if begins else 0 :].splitlines()
    return next(filter(None, (line.strip(" \t\"'`") for line in lines)), "")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
