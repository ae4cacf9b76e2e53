"""OSCAL in JSON: catalogues, profiles and mappings, out and in."""
