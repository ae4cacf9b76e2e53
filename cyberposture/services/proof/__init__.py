"""The record of everything that was done, and what it proves."""
