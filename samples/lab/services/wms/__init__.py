"""The warehouse management system."""
