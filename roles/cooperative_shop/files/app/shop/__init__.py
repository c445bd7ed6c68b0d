"""The cooperative's shop: what this project adds to django-oscar."""
