"""The store: the only home of SQLAlchemy and of the media folder. Imports nothing of ours but core.

Functions take a connection, run Core statements in batches and never commit: whoever opened the
connection (`engine.reading`, `engine.writing`) owns the transaction.
"""
