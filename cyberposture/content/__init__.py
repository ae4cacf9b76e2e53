"""Finds, reads and identifies the content: controls, checks and reports written as YAML files."""
