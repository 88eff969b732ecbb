"""Files that lie elsewhere: a query or a table of PostgreSQL, an object in a bucket of S3."""
