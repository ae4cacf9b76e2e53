"""The register: every table, and the verbs that read and write them; it decides nothing."""
