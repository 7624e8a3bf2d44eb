"""Renders an answer: as text for people, as JSON for programs."""
