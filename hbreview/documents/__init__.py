"""The official papers and sheets, in and out."""
