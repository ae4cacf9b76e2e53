"""When something is looked at next, and when never."""
