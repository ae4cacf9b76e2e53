"""What was seen is judged, and what fails is followed until it is repaired."""
