"""The portal: pages that work without JavaScript; each parses, calls one service, and shows."""
