"""What both cores must give: golden records, and scenarios told as commands in and records out."""
