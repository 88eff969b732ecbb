"""The kinds of columns beyond plain numbers, a module each: how its cells are read, and when it is proposed."""
