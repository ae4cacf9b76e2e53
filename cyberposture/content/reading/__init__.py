"""Reads content files into validated models; every fault comes with file and line."""
