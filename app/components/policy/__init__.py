"""The parts of the *Policy* page."""
