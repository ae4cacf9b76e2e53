"""Libraries of CISO Assistant: YAML of many hands, read leniently, every oddity located."""
