"""Judges facts by checks: one verdict an endpoint, with a sentence for people."""
