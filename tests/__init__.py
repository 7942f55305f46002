"""The specification of hbreview."""
