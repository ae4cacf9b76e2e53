"""Reads tables of others about flaws, support, routes and places: strictly, and bit by bit."""
