"""Coming in by other ways, and what people change of their own account."""
