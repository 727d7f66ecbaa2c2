"""`tracker up`: the whole stack on one machine, as supervised processes.

Comes in: settings and a catalogue. Goes out: processes, and a health line. Contains no business logic.
"""
