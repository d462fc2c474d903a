"""CMM-mesh: the paper's idea on a mesh, for any photograph at its own resolution."""
