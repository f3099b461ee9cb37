"""Use cases, a module per noun. They take a transaction first and never commit it."""
