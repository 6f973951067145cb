"""A made-up marketplace that looks like a real one, and a made-up brand whose products are faked on it.

`python -m examples.marketplace --help` shows what it can do; the demo and the tests crawl it.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
DEFAULT_SEED = 7
DEFAULT_SIZE = 3_000
