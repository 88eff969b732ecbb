"""A user is forgotten: every place of a home that holds something of a user, what stays there, and how it is erased."""
