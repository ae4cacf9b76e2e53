"""The catalogue in the register: adopted, pinned, compared, consulted upon."""
