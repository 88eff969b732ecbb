"""Commands in groups, one module a group; `app.cli` puts them together."""
