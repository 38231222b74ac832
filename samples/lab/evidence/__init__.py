"""From raw recordings to what a support team would have."""
