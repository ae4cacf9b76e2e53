"""Turns what came back into facts, and never takes silence for an answer."""
