"""HTML reports: from plain inputs to a view for one audience, and from the view to one file.

Data flows one way: `inputs` (what a report is made from), `view` (all that a template may see,
with the audience applied), `render` (the file). `words` and `charts` serve the views.
"""
