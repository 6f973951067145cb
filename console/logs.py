"""Log lines: plain for people, or one JSON object each for machines; always on standard error."""

import json
import logging
import sys
from datetime import UTC, datetime

from counterfoil.settings import Settings

_TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC, RFC 3339), level, logger, message and, for errors, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure_logging(settings: Settings) -> None:
    """Send every log line of this process to standard error in the format that the settings ask for."""
    stream = logging.StreamHandler(sys.stderr)
    text = logging.Formatter(_TEXT, datefmt="%Y-%m-%d %H:%M:%S")
    stream.setFormatter(JsonLines() if settings.log_format == "json" else text)
    logging.basicConfig(level=settings.log_level, handlers=[stream], force=True)
    # Three lines for every tick say nothing that our own line does not say better.
    for noisy in ("apscheduler", "httpx", "httpcore", "alembic", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
