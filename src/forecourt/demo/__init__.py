"""The demo: a sample inventory on a local image host, tagged three times, to be looked at."""
