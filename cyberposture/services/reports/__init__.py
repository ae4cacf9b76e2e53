"""The inputs of reports, gathered from the register."""
