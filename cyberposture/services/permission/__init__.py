"""What may be contacted and who allowed it, from the request to the stop switch."""
