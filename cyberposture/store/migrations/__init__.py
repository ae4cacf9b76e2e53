"""How the register came to its present shape, one file a step; a released step is never edited."""
