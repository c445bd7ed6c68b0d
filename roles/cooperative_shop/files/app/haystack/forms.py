"""The base of Oscar's search form: one field with words."""

from django import forms


class FacetedSearchForm(forms.Form):
    """The words asked for; Oscar's subclass adds the rest."""

    q = forms.CharField(required=False)
