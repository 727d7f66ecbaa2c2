"""Settings from the environment: credentials, proxies, the address of the data server.

Comes in: environment variables. Goes out: checked values; secrets are read when they are needed and kept nowhere.
"""
