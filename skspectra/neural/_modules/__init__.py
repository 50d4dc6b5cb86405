"""Architectures, one file for each, their initialization and losses."""
