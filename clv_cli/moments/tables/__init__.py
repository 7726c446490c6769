"""What is emitted of the moments found, and the tables that show it."""
