"""`make fuzz`: hundreds of thousands of broken answers for the parsers, and a table of what came of them."""
