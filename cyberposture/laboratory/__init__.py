"""The loopback laboratory: real network services to scan, on addresses of 127.0.0.0/8 only.

Tests and the demonstration scan these instead of anybody's machines. Every service completes a
real exchange of its protocol, is recognised by nmap itself, lets nobody in and stores nothing.
"""
