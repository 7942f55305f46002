"""What is evaluated, as data, and its loader."""
