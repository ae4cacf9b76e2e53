"""Rounds and the answers that institutions give in them."""
