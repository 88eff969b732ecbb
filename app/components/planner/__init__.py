"""The parts of the *Planner* page."""
