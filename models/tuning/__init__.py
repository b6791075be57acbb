"""The statistics of tuning: which setting is chosen, and what the settings that were tried say.

Pure functions from the values of tuning runs.
"""
