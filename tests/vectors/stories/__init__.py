"""The scenarios' sources: builder programs, one function a file of tests/vectors/scenarios."""
