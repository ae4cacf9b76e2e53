"""The catalogue as a workbook for policy authors: out to XLSX, and back with a cell for each fault.

`tables` says what stands where, once for both ways; `write` and `profile` make workbooks, `opened`
and `read` take one in, and `into` brings what was changed into a content folder.
"""
