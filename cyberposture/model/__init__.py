"""What the project talks about, as frozen pydantic models without input or output."""
