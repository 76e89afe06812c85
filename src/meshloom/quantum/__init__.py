"""DATA QUANTUM at run time: one product's code, data, ports and sidecar."""
