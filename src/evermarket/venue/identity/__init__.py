"""Members are known by line, broker and password; cores by the day's secret. The text is docs/sessions.md."""
