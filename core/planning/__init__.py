"""Who is reviewed today: the queue's places, the flagged users of all runs and a random sample of everybody."""
