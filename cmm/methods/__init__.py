"""The methods that are compared, a folder each: its declaration, networks, training stages and generator."""
