"""Bundles of evidence: what stands behind one score, finding or contact, for a stranger."""
