"""The pack: one SQLite file with which an institution answers on a machine without network."""
