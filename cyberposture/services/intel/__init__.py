"""Tables of others, taken in from files: dated, hashed, and asked without sending anything."""
