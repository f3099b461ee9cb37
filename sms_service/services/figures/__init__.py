"""What the service counts and shows: never a person, no small counts."""
