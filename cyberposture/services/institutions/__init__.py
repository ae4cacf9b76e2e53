"""Institutions in the register, and what they declare."""
