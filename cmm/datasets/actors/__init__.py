"""The embedded data set: a procedural renderer of invented people who smile."""
