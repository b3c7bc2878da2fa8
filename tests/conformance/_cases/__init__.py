"""Cases of the operators, one module per family of operators; each lists its ``FAMILIES``."""
