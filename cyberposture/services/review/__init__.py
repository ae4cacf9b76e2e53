"""The CERT at work on what was handed in: who reviews, what was found, and what becomes of it."""
