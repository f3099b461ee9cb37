"""The official list of recruiters: looked up, imported, warned of."""
