"""Reads pages that a person saved: HTML, MHTML, HAR, WARC and WACZ files in, responses out, no network and no Scrapy.

Whoever made such a file is a stranger: every count, length and size in it may be a lie. Nothing is unpacked further
than `ArchiveLimits` allow; a record that cannot be read is told and skipped, a file that is not what it seems refused.
"""

from crawlers.archives.limits import ArchiveLimits
from crawlers.archives.opening import read_archive
from crawlers.archives.saved import SavedResponse

__all__ = ["ArchiveLimits", "SavedResponse", "read_archive"]
