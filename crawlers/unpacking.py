"""Unpacks compressed bodies within the limit, and forgets at once what was too large."""

from scrapy import Request, Spider
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawlers.failures import BodyBroken, BodyTooLarge


class UnpackingMiddleware(HttpCompressionMiddleware):
    """Scrapy's own, which leaves two things to be mended.

    Its exceptions keep alive what was unpacked before they were raised: a few dozen bombs in one crawl, 20 MB each,
    are more memory than a crawl may have. And what zlib, Brotli and Zstandard raise would pass for a fault of ours.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Unpack a body. Raises BodyTooLarge, or BodyBroken."""
        problem: IgnoreRequest
        try:
            return super().process_response(request, response)
        except IgnoreRequest:
            most = f"{self._max_size // 1024**2} megabytes (COUNTERFOIL_RESPONSE_MEGABYTES)"
            problem = BodyTooLarge(f"{len(response.body):,} bytes unpack to more than {most}")
        except Exception as error:
            packing = b", ".join(response.headers.getlist("Content-Encoding")).decode("latin-1")
            problem = BodyBroken(f"the body is not packed as its header says ({packing[:40]}): {error}")
        # Not inside `except`, where the error would be kept as this one's context.
        raise problem
