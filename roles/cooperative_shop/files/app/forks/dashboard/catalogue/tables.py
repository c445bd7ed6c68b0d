"""Lists of products and categories whose columns can all be sorted by that offer it."""

from django.utils.translation import gettext_lazy as _
from django_tables2 import TemplateColumn
from oscar.apps.dashboard.catalogue import tables


class ProductTable(tables.ProductTable):
    """The column of ticks is no column of the database: Oscar's heading sorts by it and fails."""

    checkbox = TemplateColumn(
        verbose_name="", template_name="oscar/dashboard/catalogue/product_row_checkbox.html", orderable=False
    )


class CategoryTable(tables.CategoryTable):
    """As above; and its last heading can be translated."""

    checkbox = TemplateColumn(
        verbose_name="", template_name="oscar/dashboard/catalogue/category_row_checkbox.html", orderable=False
    )
    actions = TemplateColumn(
        verbose_name=_("Actions"), template_name="oscar/dashboard/catalogue/category_row_actions.html", orderable=False
    )
