"""Loads templates, and puts right what Oscar's say in English only, or do not say to a screen reader.

Oscar writes some words into dozens of templates, most of them its dashboard's, without a way to translate them. Copies
of all of those would have to follow Oscar; these few words are replaced as a template is read, which is once.
"""

from __future__ import annotations

from django.template import Origin
from django.template.loaders import app_directories

SHEET = '<link rel="stylesheet" type="text/css" href="{% static "oscar/css/dashboard.css" %}" />'
REPLACEMENTS = {
    SHEET: SHEET + """<link rel="stylesheet" href="{% static 'shop/dashboard.css' %}">""",
    'nav-tabs mb-0" role="tablist">': 'nav-tabs mb-0">',  # its children are no tabs
    '<meta http-equiv="refresh" content="300">': "",  # a page that reloads under its reader
    "oscar.dashboard.orders.initTable();": "",  # a function that Oscar's script no longer has
    'navbar-accounts">': """navbar-accounts" aria-label="{{ _('Account') }}">""",
    'navbar-primary">': """navbar-primary" aria-label="{{ _('Dashboard') }}">""",
    'aria-label="breadcrumb"': """aria-label="{{ _('You are here') }}\"""",
    'aria-label="Toggle navigation"': """aria-label="{{ _('Open the menu') }}\"""",
    'aria-label="Close"': """aria-label="{{ _('Close') }}\"""",
    "<label>Filters:</label>": "<label>{{ _('Filters:') }}</label>",
    "{{ alert.status }}": "{{ alert.get_status_display }}",
    '<a class="navbar-brand" href="#">': """<a class="navbar-brand" href="{% url 'dashboard:index' %}">""",
}

# Screen readers jump to a page's main part; the dashboard marks none.
MAIN = {'<div class="container-fluid">': '<main class="container-fluid">', "</div><!-- /container -->": "</main>"}


class Loader(app_directories.Loader):
    """Django's loader of the applications' templates."""

    def get_contents(self, origin: Origin) -> str:
        """Return a template's text."""
        text = super().get_contents(origin)
        if str(origin.template_name).startswith("oscar/"):
            is_layout = origin.template_name == "oscar/dashboard/layout.html"
            for old, new in (REPLACEMENTS | (MAIN if is_layout else {})).items():
                text = text.replace(old, new)
        return text
