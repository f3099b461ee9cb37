"""The engine of menus and what they say. Pure: knows no Flask, SQL, Redis or clock."""
