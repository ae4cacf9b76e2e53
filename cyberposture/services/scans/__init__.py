"""Scans from plan to judgement, and how gently they go."""
