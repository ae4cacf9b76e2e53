"""The analysts' file: the register as one documented SQLite database, without secrets or people."""
