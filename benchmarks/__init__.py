"""Side by side, in one run: our pages and the smallest pages that do the same work."""
