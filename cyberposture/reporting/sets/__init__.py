"""Sets of reports: a folder for one audience, what says so, and what looks it through."""
