"""How the database of a home becomes what this version of the program works with: Alembic's revisions of its tables."""
