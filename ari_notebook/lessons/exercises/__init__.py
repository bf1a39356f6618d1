"""The exercises of the course, a module each: it makes a `Lesson` called ``LESSON``."""
