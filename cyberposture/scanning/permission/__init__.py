"""Who may be contacted, when and how closely: scopes, windows, signatures, and the gate."""
