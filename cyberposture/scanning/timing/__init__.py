"""When to look again, whose turn it is, and how fast: pure rules on whole numbers, no clock."""
