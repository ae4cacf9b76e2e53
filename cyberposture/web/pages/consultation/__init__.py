"""Consultations: what everybody may read and say of a draft, and what the CERT makes of it."""
