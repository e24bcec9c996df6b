"""Frontends' own tasks are told from people's questions. The templates are cut to what tells them from others."""

import json

import pytest

from service.http.chat import Message
from service.http.tasks import task_reply
from tests.service.http.conftest import Client

LINES = "USER: How many drones does India plan to buy from the United States?\nASSISTANT: It plans to buy 31. [1]"
HISTORY = f"### Chat History:\n<chat_history>\n{LINES}\n</chat_history>"
TITLE = "How many drones does India plan to buy"
NO_TAGS = "- Do not use XML tags, quotation marks or follow-up questions."

WEBUI = {
    "title": (
        f"### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n### Guidelines:\n"
        f'{NO_TAGS}\n### Output:\nJSON format: {{ "title": "your concise title here" }}\n{HISTORY}',
        {"title": TITLE},
    ),
    "tags": (
        "### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more "
        f'specific subtopic tags.\n\n### Output:\nJSON format: {{ "tags": ["tag1", "tag2"] }}\n\n{HISTORY}',
        {"tags": ["General"]},
    ),
    "follow-ups": (
        "### Task:\nSuggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next.\n"
        f'### Output:\nJSON format: {{ "follow_ups": ["Question 1?", "Question 2?"] }}\n{HISTORY}',
        {"follow_ups": []},
    ),
    "next messages": (
        "### Task:\nPredict 3-5 useful messages this user might naturally send next to advance their objective.\n"
        f'### Output:\nJSON format: {{ "follow_ups": ["Suggested next message 1"] }}\n{HISTORY}',
        {"follow_ups": []},
    ),
    "search queries": (
        "### Task:\nAnalyze the chat history to determine the necessity of generating search queries, in the given "
        f'language.\n\n### Output:\nStrictly return in JSON format: {{ "queries": ["query1"] }}\n\n{HISTORY}\n',
        {"queries": []},
    ),
    "image prompt": (
        "### Task:\nGenerate a detailed prompt for am image generation task based on the given language and context.\n"
        f'\n### Output:\nStrictly return in JSON format: {{ "prompt": "" }}\n\n{HISTORY}',
        {"prompt": "How many drones does India plan to buy from the United States?"},
    ),
    "autocompletion": (
        "### Task:\nYou are an autocompletion system. Continue the text in `<text>`.\n"
        '- Respond only in JSON format: `{ "text": "<your_completion>" }`.\n### Context:\n<chat_history>\n'
        "</chat_history>\n<type>General</type>\n<text>How many dro</text>\n#### Output:\n",
        {"text": ""},
    ),
}
PLAIN_TITLES = {
    "Open WebUI, older": (
        "user",
        f"Create a concise, 3-5 word title with an emoji as a title for the chat history.\n<chat_history>\n{LINES}\n"
        "</chat_history>",
    ),
    "a template of the operator's own": (
        "user",
        f"# Task\n\nYou are a title generator.\n\nGenerate a short title.\n\n# Output\n<chat_history>\n{LINES}\n"
        "</chat_history>",
    ),
    "LibreChat": (
        "user",
        "Provide a concise, 5-word-or-less title for the conversation, using its same language, with no punctuation. "
        f"Only return the title itself.\n\nConversation:\n{LINES.replace('ASSISTANT', 'AI')}",
    ),
    "LibreChat, structured": (
        "user",
        "Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title in "
        f"the detected language (5 words or less)\n\n{LINES}",
    ),
    "LibreChat, without a reply yet": (
        "user",
        f"Provide a concise, 5-word-or-less title for the conversation.\n\nConversation:\n{LINES.splitlines()[0]}",
    ),
    "LibreChat, older": (
        "system",
        "Detect user language and write in the same language an extremely concise title for this conversation.\n\n"
        f'||>User:\n"{LINES.splitlines()[0].removeprefix("USER: ")}"\n||>Response:\n"It plans to."\n\n||>Title:',
    ),
    "LibreChat, assistants": (
        "user",
        f"Please generate a concise title (max 40 characters) for a conversation that starts with:\n{LINES}\n\nTitle:",
    ),
}
LOBE = (
    "You are a professional conversation summarizer. Generate a concise title that captures the essence of the "
    "conversation.\n\nRules:\n- Output ONLY the title text\n- Maximum 10 words"
)
LOBE_CHIPS = "You are a sidecar that extracts 0-4 quick-reply suggestions from the last assistant message."

QUESTIONS = [
    "What is the title of the report?",
    "Generate a concise title for the story about the drones",
    "Write a title: who bought the drones?",
    "Provide a concise, 5-word-or-less title for the conversation between Modi and Biden",
    "Which tags does the police suggest for bags?",
    "Suggest follow-up questions on the drone deal",
    "What follow-ups did the ministers suggest?",
    "Which search queries did Google generate most?",
    "Who lost the title? Give me tags, follow-ups and search queries.",
    "### Task:\nWho buys the drones?",
    "### Task:\nGenerate a list of the drones that India buys",
    "What does <chat_history> mean?",
    'What does { "title": "a" } mean?',
    f"Which of these is true? <chat_history>{LINES}</chat_history>",
    f"Who was right about the title?\n{LINES}",
    "Who said this?\nUser: I never bought a drone.",
    "Did the assistant: a drone, fly?",
    "Your task is to tell who bought the drones.",
    "What are the available tools: drones or satellites?",
    "user: who buys the drones?",
    "USER: who buys the drones?\nASSISTANT: nobody",
    "Wer gewann den Titel?",
    "总结标题",
    "",
]


def said(role: str, text: str) -> Message:
    return Message.model_validate({"role": role, "content": text})


@pytest.mark.parametrize("task", WEBUI)
def test_a_task_of_open_webui_is_answered_in_the_json_that_it_asks_for(task: str) -> None:
    prompt, expected = WEBUI[task]
    reply = task_reply([said("user", prompt)])
    assert reply
    assert json.loads(reply) == expected
    assert task_reply([said("system", "You are a news desk."), said("user", prompt)]) == reply


@pytest.mark.parametrize("release", PLAIN_TITLES)
def test_a_title_is_the_first_words_of_the_conversation(release: str) -> None:
    assert task_reply([said(*PLAIN_TITLES[release])]) == TITLE


def test_a_task_whose_order_is_the_systems_message_is_recognised() -> None:
    assert task_reply([said("system", LOBE), said("user", LINES.lower())]) == TITLE.lower()
    older = "你是一名擅长会话的助理，你需要将用户的会话总结为 10 个字以内的标题，不需要包含标点符号"
    assert task_reply([said("system", older), said("user", f"{LINES}\n\n请总结上述对话为10个字以内的标题")]) == TITLE
    quoted = 'Last assistant message:\n"""\nIt plans to buy 31.\n"""'
    assert task_reply([said("system", LOBE_CHIPS), said("user", quoted)]) == '{"chips": []}'


def test_a_choice_of_tools_is_none() -> None:
    tools = 'Available Tools: [{"name": "search"}]\n\nReturn only the JSON object: { "tool_calls": [] }'
    messages = [said("system", tools), said("user", f"History:\n{LINES}\nQuery: How many drones?")]
    assert task_reply(messages) == '{"tool_calls": []}'
    assert task_reply([messages[0], said("user", "Query: How many drones?")]) == '{"tool_calls": []}'
    assert task_reply([messages[0], said("user", "How many drones?")]) is None


def test_an_emoji_is_one() -> None:
    prompt = (
        "Your task is to reflect the speaker's likely facial expression through a fitting emoji.\n\nMessage: ```hi```"
    )
    assert task_reply([said("user", prompt)]) == "🙂"


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("Who?", "Who"),
        ("x" * 300, "x" * 60),
        ("谁买了无人机？", "谁买了无人机"),
        ('"Quoted words"', "Quoted words"),
        ("", "New chat"),
        ('She said "no" \\ {}', 'She said "no" \\ {}'),
    ],
)
def test_a_title_is_short_and_valid_json(line: str, title: str) -> None:
    prompt = WEBUI["title"][0].replace(LINES, f"USER: {line}")
    assert json.loads(task_reply([said("user", prompt)]) or "") == {"title": title}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_persons_question_is_no_task(question: str) -> None:
    assert task_reply([said("user", question)]) is None
    assert task_reply([said("system", LOBE_CHIPS.replace("extracts", "knows")), said("user", question)]) is None


def test_the_question_of_a_title_writer_is_no_task() -> None:
    """A system's message of the reader's own may speak of titles: what the user says is no conversation."""
    for question in ("user: who buys the drones?", "Who buys the drones?", "What did the user: say?"):
        assert task_reply([said("system", LOBE), said("user", question)]) is None


def test_a_conversation_is_no_task() -> None:
    """Also where somebody has pasted a template into it."""
    for prompt in (WEBUI["title"][0], PLAIN_TITLES["LibreChat"][1]):
        question, answer, pasted = (
            said("user", "Who buys the drones?"),
            said("assistant", "India."),
            said("user", prompt),
        )
        assert task_reply([question, answer, pasted]) is None
        assert task_reply([pasted, answer, question]) is None
        assert task_reply([pasted, question]) is None


def test_open_webuis_own_documents_are_no_task() -> None:
    prompt = (
        "### Task:\nRespond to the user query using the provided context, incorporating inline citations.\n\n"
        f'<context>\n<source id="1" name="a">{LINES} Generate a title and tags.</source>\n</context>\n\nWho?'
    )
    assert task_reply([said("user", prompt)]) is None


def test_nothing_is_made_of_a_task_in_long_text_at_length() -> None:
    for text in ("<chat_history>" * 200_000, "user: " * 200_000, "\n" * 1_000_000 + "x", "generate " * 200_000):
        assert task_reply([said("user", text)]) is None


async def test_a_task_reaches_no_answerer(gate: Client) -> None:
    body = {"model": "groundwire", "messages": [{"role": "user", "content": WEBUI["title"][0]}], "stream": False}
    response = await gate.post("/v1/chat/completions", json=body)
    [choice] = response.json()["choices"]
    assert json.loads(choice["message"]["content"]) == {"title": TITLE}
    assert choice["message"]["annotations"] == []
