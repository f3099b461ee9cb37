"""Use cases, a package per noun. They take a transaction first and never commit it."""
