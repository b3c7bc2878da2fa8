"""limen takes a trained model to a device and back."""

__version__ = "0.1.0"
