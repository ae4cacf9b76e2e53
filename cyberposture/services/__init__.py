"""Use cases: each is one transaction, and leaves exactly one entry of its own in the audit log."""
