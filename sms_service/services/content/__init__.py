"""The facts that callers read, and how the office keeps them."""
