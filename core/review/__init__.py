"""Cases, their queue, whom to draw into it, verdicts on them and the decisions that follow."""
