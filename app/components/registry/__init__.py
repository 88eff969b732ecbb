"""The parts of the *Registry* page."""
