"""The matching core, held against its models and vectors."""
