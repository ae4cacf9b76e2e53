"""Compares what was seen with tables of others: products, versions, routes; pure functions."""
