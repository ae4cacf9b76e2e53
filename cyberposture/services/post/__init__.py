"""What goes out by mail and to other programs: it is queued elsewhere and handed over here."""
