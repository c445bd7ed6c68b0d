"""VietQR texts: what banks' applications read from the shop's confirmation page."""

from __future__ import annotations

import pytest

from tests.unit.shop_app import shop

vietqr = shop("vietqr")
# From NAPAS' specification: 180,000 đồng to account 0011012345678 at the bank 970403.
SPECIMEN = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA"
    "530370454061800005802VN62340107NPS68690819thanh toan don hang63042E2E"
)


def test_crc_of_the_standard_check_string() -> None:
    """CRC-16/CCITT-FALSE of ``123456789`` is 29B1."""
    assert vietqr.crc16(b"123456789") == 0x29B1


def test_reads_the_specimen() -> None:
    """The specimen of the specification is read with its check sum."""
    fields = vietqr.read(SPECIMEN)

    assert fields["38.01.00"] == "970403"
    assert fields["38.01.01"] == "0011012345678"
    assert fields["54"] == "180000"


def test_writes_the_account_as_the_specimen_does() -> None:
    """The merchant account is the specimen's, byte for byte."""
    text = vietqr.transfer("970403", "0011012345678", 180000, "DH 100001")

    assert text[: SPECIMEN.index("5802VN")] == SPECIMEN[: SPECIMEN.index("5802VN")]


@pytest.mark.parametrize("amount", [1, 35000, 9_999_999_999_999])
def test_transfer_reads_back(amount: int) -> None:
    """Bank, account, amount and purpose read back as they were written."""
    fields = vietqr.read(vietqr.transfer("970405", "0123456789", amount, "DH 100042"))

    assert fields["00"] == "01"
    assert fields["01"] == "12"
    assert fields["38.00"] == "A000000727"
    assert fields["38.01.00"] == "970405"
    assert fields["38.01.01"] == "0123456789"
    assert fields["38.02"] == "QRIBFTTA"
    assert fields["53"] == "704"
    assert fields["54"] == str(amount)
    assert fields["58"] == "VN"
    assert fields["62.08"] == "DH 100042"


@pytest.mark.parametrize(
    ("bank", "account", "amount"),
    [
        ("97040", "1", 1),
        ("97040a", "1", 1),
        ("970405", "", 1),
        ("970405", "1" * 20, 1),
        ("970405", "12-3", 1),
        ("970405", "1", 0),
        ("970405", "1", -5),
        ("970405", "1", 10**13),
    ],
)
def test_refuses_what_no_bank_takes(bank: str, account: str, amount: int) -> None:
    """A wrong bank number, account or amount is refused."""
    with pytest.raises(ValueError, match=r"six digits|letters and digits|positive number"):
        vietqr.transfer(bank, account, amount, "DH 1")


def test_a_changed_character_is_seen() -> None:
    """A text whose check sum does not match is refused."""
    text = vietqr.transfer("970405", "0123456789", 100000, "DH 1")

    with pytest.raises(ValueError, match="check sum"):
        vietqr.read(text.replace("100000", "900000"))


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Đơn hàng số 12", "DON HANG SO 12"), ("  mật   ong! ", "MAT ONG"), ("DH 100001", "DH 100001")],
)
def test_plain_text(text: str, plain: str) -> None:
    """Purposes are upper-case letters without marks, digits and single blanks."""
    assert vietqr.plain(text, 25) == plain


def test_plain_text_is_cut() -> None:
    """A purpose is not longer than asked, and does not end in a blank."""
    assert vietqr.plain("a" * 24 + " b", 25) == "A" * 24
