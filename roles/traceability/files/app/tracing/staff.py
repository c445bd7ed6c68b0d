"""Staff's pages: record lots and events, correct what was wrong, print labels. Vietnamese, made for a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .forms import AmendForm, CorrectionForm, EventForm, LabelForm, LotForm
from .gs1 import build_path
from .labels import LabelError
from .ledger import (
    Entry,
    RecordError,
    amend_lot,
    correct_event,
    delete_stale_test_lots,
    delete_test_lot,
    record_event,
    register_lot,
)
from .lockout import client_address, is_locked
from .models import Event, Lot
from .page import build_page
from .sheets import render_lot_labels
from .vocabulary import AMENDED, REGISTERED, VOID

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest

PAGE = 50
FORM_METHODS = ["GET", "HEAD", "POST"]


class LoginForm(AuthenticationForm):
    """Login that says when the account is locked."""

    error_messages = {
        "invalid_login": "Sai tên đăng nhập hoặc mật khẩu. Sau 5 lần sai, tài khoản bị khóa 15 phút.",
        "inactive": "Tài khoản này đã bị khóa.",
    }

    def get_invalid_login_error(self) -> forms.ValidationError:
        """Return the error to show."""
        name = (self.cleaned_data.get("username") or "").lower()
        error = super().get_invalid_login_error()
        if is_locked(name, client_address(self.request)):
            error.message = "Đã sai quá nhiều lần: tài khoản tạm khóa 15 phút. Hãy thử lại sau."
        return error


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class Login(LoginView):
    """The login page."""

    template_name = "tracing/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Log in, and forget the sessions that ended by themselves."""
        self.request.session.clear_expired()
        return super().form_valid(form)


class Logout(LogoutView):
    """Log out, by POST."""


def _by(request: HttpRequest) -> str:
    """Return who records, as the page will name them."""
    return request.user.get_full_name() or request.user.get_username()


def _form(request: HttpRequest, form: forms.Form, **context: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "tracing/form.html", {"form": form, **context}, status=status)


@never_cache
@login_required
@require_safe
def lots(request: HttpRequest) -> HttpResponse:
    """List lots, newest first; search in code, lot and product."""
    asked = request.GET.get("q", "").strip()
    found = Lot.objects.all()
    if asked:
        found = found.filter(
            Q(gtin__contains=asked)
            | Q(lot__icontains=asked)
            | Q(product_vi__icontains=asked)
            | Q(producer__icontains=asked)
        )
    return render(request, "tracing/staff.html", {"lots": found[:PAGE], "asked": asked})


@never_cache
@login_required
@require_http_methods(FORM_METHODS)
def add_lot(request: HttpRequest) -> HttpResponse:
    """Record a new lot; the last one's producer is offered again."""
    if request.method == "POST":
        form = LotForm(request.POST, request.FILES)
        if form.is_valid():
            data = form.cleaned_data
            if data["is_test"]:
                delete_stale_test_lots()
            lot = register_lot(
                data["gtin"], data["lot"], data["serial"], form.lot_fields(), by=_by(request), is_test=data["is_test"]
            )
            messages.success(request, "Đã ghi lô hàng.")
            return redirect("lot", lot.pk)
    else:
        last = Lot.objects.filter(is_test=False).first()
        kept = ("producer", "producer_address", "origin_vi", "origin_en", "brand", "standards")
        form = LotForm(initial={name: getattr(last, name) for name in kept} if last else None)
    return _form(request, form, title="Thêm lô hàng", button="Ghi lô hàng")


@never_cache
@login_required
@require_safe
def show_lot(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a lot with all that can be done with it."""
    lot = get_object_or_404(Lot, pk=pk)
    context = {
        "page": build_page(lot),
        "path": build_path(lot.link),
        "labels": LabelForm(),
        "fixed_kinds": (REGISTERED, AMENDED, VOID),
    }
    return render(request, "tracing/staff_lot.html", context)


@never_cache
@login_required
@require_http_methods(FORM_METHODS)
def amend(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what a lot says about itself; the change is an entry of the chain."""
    lot = get_object_or_404(Lot, pk=pk)
    if request.method == "POST":
        form = AmendForm(request.POST, request.FILES)
        if form.is_valid():
            changed = amend_lot(lot, form.lot_fields(), by=_by(request), reason=form.cleaned_data["reason"])
            messages.success(request, "Đã ghi thay đổi." if changed else "Không có gì thay đổi.")
            return redirect("lot", lot.pk)
    else:
        form = AmendForm(initial={name: getattr(lot, name) for name in AmendForm.base_fields if hasattr(lot, name)})
    note = "Thông tin cũ vẫn được giữ trong chuỗi ghi nhận và người mua thấy được việc sửa."
    return _form(request, form, title=f"Sửa thông tin lô {lot.lot}", button="Ghi thay đổi", lot=lot, note=note)


@never_cache
@login_required
@require_http_methods(FORM_METHODS)
def add_event(request: HttpRequest, pk: int) -> HttpResponse:
    """Record an event of a lot."""
    lot = get_object_or_404(Lot, pk=pk)
    form = EventForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            record_event(lot, Entry(**form.cleaned_data), by=_by(request))
        except RecordError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Đã ghi sự kiện.")
            return redirect("lot", lot.pk)
    note = "Sự kiện đã ghi không sửa, không xóa được. Ghi sai thì đính chính."
    return _form(request, form, title=f"Thêm sự kiện cho lô {lot.lot}", button="Ghi sự kiện", lot=lot, note=note)


@never_cache
@login_required
@require_http_methods(FORM_METHODS)
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Record a correction of an event."""
    event = get_object_or_404(Event.objects.select_related("lot"), pk=pk)
    names = ("kind", "occurred_at", "place", "description_vi", "description_en")
    initial = {name: getattr(event, name) for name in names} | {"occurred_at": timezone.localtime(event.occurred_at)}
    form = CorrectionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = {**form.cleaned_data}
        reason, void = data.pop("reason"), data.pop("void")
        entry = Entry(VOID, event.occurred_at) if void else Entry(**data)
        try:
            correct_event(event, entry, by=_by(request), reason=reason)
        except RecordError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Đã ghi đính chính.")
            return redirect("lot", event.lot_id)
    note = "Ghi nhận cũ vẫn hiện, gạch ngang; ghi nhận mới nằm bên cạnh."
    return _form(request, form, title="Đính chính sự kiện", button="Ghi đính chính", lot=event.lot, note=note)


@never_cache
@login_required
@require_safe
def labels(request: HttpRequest, pk: int) -> HttpResponse:
    """Return a lot's labels as PDF."""
    lot = get_object_or_404(Lot, pk=pk)
    form = LabelForm({"layout": request.GET.get("layout", "sheet"), "copies": request.GET.get("copies", "24")})
    if not form.is_valid():
        return HttpResponse("Số nhãn từ 1 đến 480.\n", status=400, content_type="text/plain; charset=utf-8")
    try:
        pdf = render_lot_labels(lot, copies=form.cleaned_data["copies"], layout=form.cleaned_data["layout"])
    except LabelError:
        text = "Số lô hoặc số sê-ri quá dài cho nhãn 70 × 37 mm: mã QR sẽ không đọc được.\n"
        return HttpResponse(text, status=422, content_type="text/plain; charset=utf-8")
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="nhan-{lot.gtin}.pdf"'
    return response


@never_cache
@login_required
@require_POST
def delete_lot(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a test lot; the database refuses any other."""
    try:
        delete_test_lot(get_object_or_404(Lot, pk=pk))
    except RecordError as error:
        messages.error(request, str(error))
        return redirect("lot", pk)
    messages.success(request, "Đã xóa lô thử nghiệm.")
    return redirect("staff")
