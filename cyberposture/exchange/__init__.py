"""Reads and writes the files that others make or use; every fault says where it stands."""
