"""The reckoning: pure functions over plain values; no database, no Flask."""
