"""What people would use instead, on the same pages in the same run. Each peer polls without a pause until it is ended.

None of them is a dependency of the product: `run` sets up an environment of their own.
"""
