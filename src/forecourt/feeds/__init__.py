"""Feeds: what advertisers and other systems send → vehicles, one at a time, in bounded memory."""
