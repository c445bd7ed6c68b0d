"""The shop's addresses: its own pages first, then Oscar's."""

from django.apps import apps
from django.conf import settings
from django.urls import include, path, re_path
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView
from django.views.static import serve

from shop import feeds, views

# A picture that is replaced gets another name.
pictures = cache_control(public=True, max_age=7 * 86400)(serve)

urlpatterns = [
    path("", views.HomeView.as_view(), name="shop-home"),
    path("robots.txt", TemplateView.as_view(template_name="shop/robots.txt", content_type="text/plain")),
    path("help/", TemplateView.as_view(template_name="shop/help.html"), name="shop-help"),
    path("communes/", views.communes_of_province, name="shop-communes"),
    path("feed/products.xml", feeds.rss, name="feed-rss"),
    path("feed/products.csv", feeds.csv_file, name="feed-csv"),
    re_path(r"^media/(?P<path>.+)$", pictures, {"document_root": settings.MEDIA_ROOT}),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
