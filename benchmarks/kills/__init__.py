"""Processes are killed at random while scrapes run: what was accepted is finished all the same."""
