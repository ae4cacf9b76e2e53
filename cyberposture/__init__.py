"""cyberposture: measure how well institutions meet a national cyber security policy."""

__version__ = "0.1.0"
