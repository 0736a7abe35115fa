"""What a query means, what may answer it, and in what order."""
