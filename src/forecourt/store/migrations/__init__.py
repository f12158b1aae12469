"""Alembic migrations, one path for both dialects."""
