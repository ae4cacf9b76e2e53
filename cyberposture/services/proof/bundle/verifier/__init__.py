"""Verifies a bundle of evidence; every module of it goes into each bundle, beside `verify.py`.

Auditors run it elsewhere, with Python's standard library alone. Everything here is written a second
time, after the published rules and not after the program: canonical JSON after RFC 8785, Ed25519
after RFC 8032, the score and the gate after their pages. Nothing of ours but itself is imported,
by relative names, since the folder stands by itself in a bundle.
"""
