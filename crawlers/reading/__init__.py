"""Reading pages without any I/O: bytes in, listings out. The spiders, the import and `counterfoil extract` share it."""

from crawlers.reading.listing import PageKind, ReadListing, ReadPage
from crawlers.reading.reader import read_page

__all__ = ["PageKind", "ReadListing", "ReadPage", "read_page"]
