"""What programs send and are answered, as pydantic models: the border between JSON and the domain's types."""
