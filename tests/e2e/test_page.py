"""The page of a whole tracker: it is there, shows what is logged, takes pushes, and ends with the rest."""



