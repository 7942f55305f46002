"""Tells somebody something later: a reader of the journal."""
