"""Puts a permitted plan on the wire: nmap in a child process, our own visits to TLS and HTTP."""
