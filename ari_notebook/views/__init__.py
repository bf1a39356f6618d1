"""What a person looks at: panel, ladder, timeline, HTML and text forms."""
