"""The exercises of the course; each module defines a `Lesson` called ``LESSON``."""
