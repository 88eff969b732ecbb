"""Cases, their queue, verdicts on them and the decisions that follow."""
