"""The closed list of reasons why an image has no answer."""

from enum import StrEnum


class SkipReason(StrEnum):
    """Why an image was not tagged. Stored and shown as the value; never a class of the model."""

    PENDING = "pending"  # the scrape that brought the image has not come to it yet
    BAD_URL = "bad_url"  # not an absolute http(s) URL
    BLOCKED_ADDRESS = "blocked_address"  # egress policy: the host resolves to a refused network
    DNS_FAILED = "dns_failed"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    FORBIDDEN = "forbidden"  # 401, 403, 407, 451
    NOT_FOUND = "not_found"  # 404, 410
    RATE_LIMITED = "rate_limited"  # 429 after the retries
    SERVER_ERROR = "server_error"  # 5xx after the retries
    HTTP_ERROR = "http_error"  # any other status that is no answer
    TOO_LARGE = "too_large"  # more bytes than the limit
    TRUNCATED = "truncated"  # the connection or the file ended early
    EMPTY = "empty"  # no bytes at all
    NOT_AN_IMAGE = "not_an_image"  # HTML, JSON, SVG, video
    UNDECODABLE = "undecodable"  # looks like an image, but no decoder accepts it
    TOO_MANY_PIXELS = "too_many_pixels"  # more pixels than the limit (a bomb, or a poster)
    TOO_SMALL = "too_small"  # too few pixels to show anything: a tracking pixel
    UNREADABLE_FILE = "unreadable_file"  # a local path that cannot be opened
    INTERNAL_ERROR = (
        "internal_error"  # a defect of ours on this one image; logged with its traceback
    )
