"""Reports of recruiters: told, filed, worked on, linked, and what callers learn of them."""
