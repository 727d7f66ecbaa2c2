"""What is remembered, in the data server (`redis` is imported nowhere else) and in memory."""
