"""`forecourt demo`."""


def run() -> None:
    """Tag a sample inventory from a local image host, twice, and show the result."""
