"""The pure part: events, expressions, definitions and decisions. No I/O, clock or randomness."""
