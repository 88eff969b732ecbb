"""What verdicts on a band prove of its precision, whenever one looks, and how soon they show that it has fallen."""
