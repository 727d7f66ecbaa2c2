"""One alert per incident: events come in; what opens, changes and closes in each channel goes out."""
