"""The chat as a reader finds it: by what it says and by its parts, on the page and in a widget."""

from playwright.async_api import Locator, Page, expect

ABOUT_PASSENGERS = "How many passengers does the ferry Aurora carry?"
ABOUT_JOBS = "How many jobs will Valmont cut in Marlow?"
ABOUT_LIGHTHOUSE = "What did the harbour board sell?"
ABOUT_LIBRARY = "What is the latest news on the library of Oster?"
ABOUT_COMET = "How many astronomers photographed the Zorblatt comet?"
UNANSWERED = "What does the captain of the ferry Aurora like to eat for breakfast?"
QUOTE = "The new ferry Aurora carries 320 passengers, the harbour board said on Monday."


class Chat:
    """One <groundwire-chat>."""

    def __init__(self, page: Page, *, within: str = "groundwire-chat") -> None:
        self.page = page
        self.element = page.locator(within)
        self.question = self.element.get_by_role("textbox", name="Question")
        self.ask_button = self.element.get_by_role("button", name="Ask", exact=True)
        self.stop = self.element.get_by_role("button", name="Stop")
        self.new = self.element.get_by_role("button", name="New conversation")
        self.copy = self.element.get_by_role("button", name="Copy with sources")
        self.again = self.element.get_by_role("button", name="Try again")
        self.exchanges = self.part("exchange")
        self.sentences = self.part("sentence")
        self.chips = self.part("chip")
        self.quote = self.element.locator("[part~=quote]:visible")
        self.error = self.part("error")

    def part(self, name: str) -> Locator:
        return self.element.locator(f"[part~={name}]")

    def notice(self, kind: str) -> Locator:
        return self.element.locator(f"[part~=notice][data-kind={kind}]")

    async def begins(self, question: str) -> None:
        """Ask, and wait until the question stands in the conversation."""
        before = await self.exchanges.count()
        await self.question.fill(question)
        await self.question.press("Enter")
        await expect(self.exchanges).to_have_count(before + 1)

    async def asks(self, question: str) -> None:
        """Ask, and wait for the end of the answer, whatever it is."""
        await self.begins(question)
        await expect(self.ask_button).to_be_visible()
        await expect(self.stop).to_be_hidden()
