"""A small project of three files."""
