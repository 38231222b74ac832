"""Stories of people and documents."""
