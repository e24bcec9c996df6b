"""The store embedded anew with the model that the settings name, told as it goes."""

from dataclasses import asdict, dataclass

from retrieval.owner import Owner
from retrieval.reembedding import STOP_IT, Reembedded, reembed_folder, reembed_server
from service.progress import progress
from service.settings import Settings
from service.wiring import access_of, open_model


@dataclass(frozen=True)
class Report:
    """What became of the store."""

    done: Reembedded
    setting: str
    """The model as GROUNDWIRE_EMBEDDING names it."""

    def __str__(self) -> str:
        """Say it in a line."""
        if self.done.before is None:
            return f"There is nothing to embed anew: nothing was stored yet, and what will be is of {self.setting}."
        if not self.done.switched:
            return f"The store has the vectors of {self.done.model} already; --force embeds it anew."
        return (
            f"{self.done.articles} articles embedded anew with {self.done.model} (before: {self.done.before}), "
            f"{self.done.passages} passages in {self.done.seconds:.0f} s. "
            f"What uses the store now needs GROUNDWIRE_EMBEDDING={self.setting}."
        )

    def data(self) -> dict[str, object]:
        """Give the same for programs."""
        return asdict(self.done)


async def reembed(settings: Settings, *, force: bool) -> Report:
    """Embed the store anew.

    Raises:
        ModelError, StoreError: as the model and the store do.

    """
    if not settings.chroma:
        Owner.acquire(settings.data_dir, STOP_IT).release()  # before the model is asked for anything
    with open_model(settings) as embedder, progress("Embedding", "embedded") as show:
        if settings.chroma:
            done = await reembed_server(
                settings.chroma, embedder, show, force=force, folder=settings.data_dir, access=access_of(settings)
            )
        else:
            done = await reembed_folder(settings.data_dir, embedder, show, force=force)
    return Report(done, settings.embedding)
