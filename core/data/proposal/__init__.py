"""What goes into the proposal of a schema: who the spammers are, and which columns are no facts about users."""
