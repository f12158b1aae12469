"""The API `/v1`, from Python: `pip install forecourt[client]`, see docs/client.md."""

from forecourt.client.client import Client
from forecourt.client.errors import ApiError, UnreachableError, WaitTimeoutError
from forecourt.client.sitemaps import Downloaded
from forecourt.core.errors import ForecourtError, SignatureError, UsageError
from forecourt.core.webhooks import verify as verify_webhook

__all__ = [
    "ApiError",
    "Client",
    "Downloaded",
    "ForecourtError",
    "SignatureError",
    "UnreachableError",
    "UsageError",
    "WaitTimeoutError",
    "verify_webhook",
]
