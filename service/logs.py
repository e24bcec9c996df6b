"""Log lines on stderr, each with the id of the request that it belongs to."""

import logging
import logging.config
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""The id of the request that is being served; `-` outside of any."""


class RequestIdFilter(logging.Filter):
    """Give every record the id of the request that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id; drop nothing."""
        record.request_id = request_id.get()
        return True


def configure_logs() -> None:
    """Send warnings, and what the service itself says, to stderr."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"request_id": {"()": RequestIdFilter}},
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(request_id)s %(name)s: %(message)s"}},
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
            },
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {"groundwire": {"level": "INFO"}},
        }
    )
