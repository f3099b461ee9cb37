"""SQL: everything that must not be lost. SQLite (embedded) and PostgreSQL, one schema, one code path."""
