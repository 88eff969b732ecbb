"""A file that was dropped, as it is understood: what was found out, what is proposed, and a control for each."""
