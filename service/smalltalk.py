"""What is said to a chat window and is no question about the articles: greetings, thanks, "what can you do?"; pure."""

import re

_PHRASES = r"""
hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day|night)|namaste|salut|hola
|thanks?(?: you)?(?: (?:so|very) much| a lot)?|thx|cheers|ok(?:ay)?|great|cool|nice|bye|goodbye|see you|test(?:ing)?|ping
|yes|no|yo|sup|there|all|everyone|again|then|groundwire|bot|please|and|what['’]?s up|how are (?:you|u)(?: doing)?(?: today)?
|how do you do|nice to meet you
|(?:so )?what can (?:you|u|i) (?:do|ask|help(?: me)?(?: with)?)(?: (?:you|for me|here|with))?|what do you do|how (?:do|can) (?:you|i) (?:work|help(?: me)?|use (?:this|you|it))
|how does (?:this|it) work|who are you|what are you|who (?:made|built|created) you|are you (?:a |an )?(?:bot|robot|human|ai|real|there|chatgpt)
|what(?: is|['’]s) (?:this|your name|groundwire)|(?:can|could) you help(?: me)?|help(?: me)?|tell me (?:a joke|about yourself)|introduce yourself
"""
_SEPARATORS = r"[\s,.!?;:)(\U0001F300-\U0001FAFF❤\uFE0F-]*"
_PHRASE = _PHRASES.replace("\n", "").replace(" ", r"\s+")
_SMALL_TALK = re.compile(rf"{_SEPARATORS}(?:(?:{_PHRASE})(?!\w){_SEPARATORS})+", re.IGNORECASE)


def is_small_talk(text: str) -> bool:
    """Tell whether a text asks nothing about any article, a text without a letter or digit included."""
    return not re.search(r"\w", text) or bool(_SMALL_TALK.fullmatch(text.strip()))
