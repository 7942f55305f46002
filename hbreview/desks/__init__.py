"""What one kind of person sees and types."""
