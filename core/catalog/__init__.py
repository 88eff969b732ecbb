"""What a home holds, what depends on what, and what becomes of it when models and policies change."""
