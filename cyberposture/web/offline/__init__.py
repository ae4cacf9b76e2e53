"""What the pages of work offline have in common, in the portal and in an opened pack."""
