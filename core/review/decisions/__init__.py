"""What the platform is told of users whom a person has judged."""
