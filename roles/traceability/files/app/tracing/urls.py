"""Addresses: public ones by GS1's rules and in Vietnamese, staff's under ``/nhan-vien/``."""

from django.urls import path, re_path

from . import public, staff

urlpatterns = [
    path("", public.home, name="home"),
    re_path(r"^01/.*$", public.resolve, name="resolve"),
    re_path(r"^epcis/01/.*$", public.epcis, name="epcis"),
    path("anh/<str:digest>.jpg", public.picture, name="picture"),
    path(".well-known/gs1resolver", public.resolver_description, name="resolver"),
    path("robots.txt", public.robots, name="robots"),
    path("health", public.health, name="health"),
    path("nhan-vien/dang-nhap/", staff.Login.as_view(), name="login"),
    path("nhan-vien/dang-xuat/", staff.Logout.as_view(), name="logout"),
    path("nhan-vien/", staff.lots, name="staff"),
    path("nhan-vien/lo/them/", staff.add_lot, name="lot-add"),
    path("nhan-vien/lo/<int:pk>/", staff.show_lot, name="lot"),
    path("nhan-vien/lo/<int:pk>/sua/", staff.amend, name="lot-amend"),
    path("nhan-vien/lo/<int:pk>/su-kien/", staff.add_event, name="event-add"),
    path("nhan-vien/lo/<int:pk>/nhan.pdf", staff.labels, name="labels"),
    path("nhan-vien/lo/<int:pk>/xoa/", staff.delete_lot, name="lot-delete"),
    path("nhan-vien/su-kien/<int:pk>/dinh-chinh/", staff.correct, name="event-correct"),
]
handler400 = "tracing.public.bad_request"
handler404 = "tracing.public.page_not_found"
handler500 = "tracing.public.server_error"
