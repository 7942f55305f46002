"""What may happen, who may do it, when, and the record of what did."""
