"""Sets of reports: planned for one audience, rendered as far as needed, looked through."""
