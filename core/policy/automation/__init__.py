"""What a policy says of automatic removal, and who armed it."""
