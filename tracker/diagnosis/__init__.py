"""Checks whether this tracker does its work, and names a remedy for each problem.

Comes in: the settings that lead to a tracker. Goes out: a list of checks, each with a level, a finding and a remedy,
for `tracker doctor` and the page /health. `facts` reads the data server and the disk; the checks decide without I/O.
"""

from tracker.diagnosis.check import Check, Diagnosis, Level
from tracker.diagnosis.checks import diagnose
from tracker.diagnosis.facts import Facts, gather

__all__ = ["Check", "Diagnosis", "Facts", "Level", "diagnose", "gather"]
