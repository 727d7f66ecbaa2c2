"""The way of an event from the stream to the record, the console and webhooks.

Comes in: streamed events. Goes out: lines and requests. Reaches the data server and the network through Protocols.
"""
