"""The demo: the sample articles in, one question answered, then the service."""

from pathlib import Path

import click

import service
from service.desk import Answering, OwnDesk
from service.ingestion import ingest_given
from service.printing import answer_text, width
from service.types import Question

SEEDS = Path(service.__file__).parent.parent / "seeds" / "articles"
QUESTION = "How many MQ-9B drones does India plan to acquire?"


async def show(answering: Answering) -> None:
    """Ingest the sample articles and answer one question about them; a failure is told, and ends nothing."""
    desk = OwnDesk(answering)
    click.echo(f"Sample articles: {await ingest_given([SEEDS], desk)}\n\n> {QUESTION}\n")
    try:
        answer = await desk.answer(Question(question=QUESTION))
    except Exception as error:  # noqa: BLE001 - whatever failed, the server must still start
        reason = " ".join(str(error).split()) or type(error).__name__
        click.echo(f"The question could not be answered: {reason}", err=True)
    else:
        click.echo(answer_text(answer, width()))
    click.echo()
