"""Figures as ratios against a named rival, measured in one run; absolute times mean nothing across machines."""
