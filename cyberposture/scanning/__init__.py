"""Decides what may be sent, sends it, reads what came back and judges it."""
