"""What management reads: institution, sector and nation, with the charts of the reports."""
