"""Vocabulary and pure rules. Imports nothing of ours but itself and does no input or output."""
