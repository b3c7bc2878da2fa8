"""One folder per instruction set; what a folder does not have, portable C does."""
