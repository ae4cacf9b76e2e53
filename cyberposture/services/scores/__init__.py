"""Scores: computed, kept, explained down to the raw file."""
