"""One file for each channel type: an alert's message comes in, calls of the service's API go out."""
