"""Nothing but its place: it puts this folder on the path of all tests.

So tests in every folder can import `worlds`, `snippets` and `programs`.
"""
