"""`cyberposture catalogue`: one module for each kind of work with the controls."""
