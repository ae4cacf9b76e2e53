"""One assessment as a workbook: handed out to be filled in without us, and read when it returns."""
