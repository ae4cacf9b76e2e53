"""Pages of the central CERT."""
