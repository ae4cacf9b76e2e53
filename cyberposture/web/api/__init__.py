"""The portal for machines: JSON under /api/v1, described by its own OpenAPI document."""
