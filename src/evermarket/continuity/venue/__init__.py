"""The venue as a whole on one machine: its plan, its processes, its timetable, its members, its switch."""
