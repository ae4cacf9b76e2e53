"""Writes content files as their authors would: new ones, changed ones, and their schemas."""
