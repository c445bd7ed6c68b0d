"""How the shop sells: currency, guests, order states, addresses."""

from django.utils.translation import gettext_lazy as _

from shop import config

SHOP = config.load()

OSCAR_SHOP_NAME = SHOP.cooperative
OSCAR_SHOP_TAGLINE = ""
OSCAR_HOMEPAGE = "/"
OSCAR_DEFAULT_CURRENCY = "VND"
# Babel's own pattern shows two decimals for amounts that have them; đồng have none.
OSCAR_CURRENCY_FORMAT = {"VND": {"format": "#,##0 ₫", "currency_digits": False}}
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_URL_SCHEMA = "https"
OSCAR_FROM_EMAIL = SHOP.email
OSCAR_STATIC_BASE_URL = f"https://{SHOP.domain}"
OSCAR_SEND_REGISTRATION_EMAIL = True
OSCAR_SLUG_ALLOW_UNICODE = False
OSCAR_REQUIRED_ADDRESS_FIELDS = ("first_name", "line1", "line4", "state", "country", "phone_number")
OSCAR_HIDDEN_FEATURES = ["reviews", "wishlists"]
OSCAR_PRODUCTS_PER_PAGE = 24
OSCAR_RECENTLY_VIEWED_PRODUCTS = 8
OSCAR_MAX_BASKET_QUANTITY_THRESHOLD = 500

# Oscar shows a status as it is stored, so the words are stored; buyers read them in their language (shop_tags).
NEW, CONFIRMED, SENT, DONE, CANCELLED = "Mới", "Đã xác nhận", "Đang giao", "Hoàn tất", "Đã hủy"
ORDER_STATUS_NAMES = {
    NEW: _("New"),
    CONFIRMED: _("Confirmed"),
    SENT: _("On its way"),
    DONE: _("Completed"),
    CANCELLED: _("Cancelled"),
}
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = NEW
OSCAR_ORDER_STATUS_PIPELINE = {
    NEW: (CONFIRMED, SENT, CANCELLED),
    CONFIRMED: (SENT, CANCELLED),
    SENT: (DONE, CANCELLED),
    DONE: (),
    CANCELLED: (),
}
OSCAR_ORDER_STATUS_CASCADE = {status: status for status in OSCAR_ORDER_STATUS_PIPELINE}
OSCAR_LINE_STATUS_PIPELINE = OSCAR_ORDER_STATUS_PIPELINE
