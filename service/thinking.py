"""What a model thinks aloud between <think> and </think> is no part of its reply; pure."""

import re

_TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_CUT_TAG = re.compile(r"<(?:/?[a-z]{0,8})\Z", re.IGNORECASE)
_LONGEST_TAG = len("</thinking>")


class Reply:
    """A reply as it arrives, without its thoughts."""

    def __init__(self, *, thinks_first: bool = False) -> None:
        """Take whether it begins with thoughts: some models get the <think> with their prompt, and only end it."""
        self._thinks = thinks_first
        self._opened = False
        self._held = ""
        self._aside: list[str] = []  # thoughts, unless the </think> that makes them such never comes
        self.begun = False  # something of the reply was given
        self.closed = False  # a </think> came
        self.ended_alone = False  # a </think> came without a <think>
        self.mixed = False  # and after something was given, which were thoughts then

    def feed(self, piece: str) -> str:
        """Take the next piece; give what is surely of the reply."""
        self._held += piece
        given = ""
        while tag := _TAG.search(self._held):
            before, self._held = self._held[: tag.start()], self._held[tag.end() :]
            closes = bool(tag[1])
            self.closed |= closes
            if not self._thinks and closes:
                self.ended_alone = True
                self.mixed |= self.begun or bool(given.strip())
            elif not self._thinks:
                given += before
            self._aside.clear()
            self._opened |= not closes
            self._thinks = not closes
        kept = len(self._held)
        if self._thinks:
            kept = max(kept - _LONGEST_TAG, 0)
            if not self._opened:
                self._aside.append(self._held[:kept])
        else:
            cut = _CUT_TAG.search(self._held)
            kept = cut.start() if cut else kept
            given += self._held[:kept]
        self._held = self._held[kept:]
        self.begun |= bool(given.strip())
        return given

    def end(self) -> str:
        """Give the rest."""
        rest = "" if self._thinks and self._opened else "".join([*self._aside, self._held])
        self.begun |= bool(rest.strip())
        return rest
