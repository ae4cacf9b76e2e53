"""Made-up data for reports: usual ones, and the worst that may come."""
