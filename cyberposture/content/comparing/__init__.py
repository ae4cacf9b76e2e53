"""Sets catalogues side by side: editions, texts, and those of neighbours."""
