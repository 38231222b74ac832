"""The HTML incident report, and what all renderings for people share: words, times, safe text, the story of a result.

Nothing is imported here: the templates and the chart library are loaded only when a report is made.
"""
