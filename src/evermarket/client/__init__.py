"""What members import: connect, place orders, follow flows. Imports the records and nothing else of the house."""
