"""The way of the schema, from the first table to today's."""
