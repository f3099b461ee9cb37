"""What is kept, for how long, under which key, and how it is erased."""
