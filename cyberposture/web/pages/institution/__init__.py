"""Pages of one institution: what it says of itself, and how it answers."""
