"""`tracker up`: the whole stack on one machine, as supervised processes. Contains no business logic."""
