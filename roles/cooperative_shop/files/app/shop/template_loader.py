"""Loads templates, and puts right what Oscar's say in English only.

Oscar writes some words into dozens of templates, most of them its dashboard's, without a way to translate them. Copies
of all of those would have to follow Oscar; these few words are replaced as a template is read, which is once.
"""

from __future__ import annotations

from django.template import Origin
from django.template.loaders import app_directories

REPLACEMENTS = {
    'aria-label="breadcrumb"': """aria-label="{{ _('You are here') }}\"""",
    'aria-label="Toggle navigation"': """aria-label="{{ _('Open the menu') }}\"""",
    'aria-label="Close"': """aria-label="{{ _('Close') }}\"""",
    "<label>Filters:</label>": "<label>{{ _('Filters:') }}</label>",
    "{{ alert.status }}": "{{ alert.get_status_display }}",
    '<a class="navbar-brand" href="#">': """<a class="navbar-brand" href="{% url 'dashboard:index' %}">""",
}


class Loader(app_directories.Loader):
    """Django's loader of the applications' templates."""

    def get_contents(self, origin: Origin) -> str:
        """Return a template's text."""
        text = super().get_contents(origin)
        if str(origin.template_name).startswith("oscar/"):
            for english, translatable in REPLACEMENTS.items():
                text = text.replace(english, translatable)
        return text
