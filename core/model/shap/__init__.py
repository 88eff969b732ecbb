"""Model families, how they learn, and calibration."""
