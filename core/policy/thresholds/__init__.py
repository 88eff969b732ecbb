"""Thresholds that minimise what decisions cost: what is demanded, users by score, the cheapest cuts, chance."""
