"""Versions pushed to and pulled from the Hugging Face Hub, and tried before they are taken."""
