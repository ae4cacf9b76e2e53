"""The parts of the first migration, frozen: they do not follow later changes of the tables."""
