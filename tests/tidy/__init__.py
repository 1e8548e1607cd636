"""Properties of the code itself: layers, sizes, traps, exports, documents, generated files."""
