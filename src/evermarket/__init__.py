"""Evermarket: a securities and derivatives market that keeps going."""
