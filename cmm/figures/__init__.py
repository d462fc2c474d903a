"""The figures of the paper, one function each."""
