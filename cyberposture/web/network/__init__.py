"""What the pages about the network share; the pages themselves stand in `web/pages/`."""
