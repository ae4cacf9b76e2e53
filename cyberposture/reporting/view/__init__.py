"""All that a template may see: frozen records of words and figures, made for one audience.

What the audience may not see is never put into a view, so that no template can let it out.
"""
