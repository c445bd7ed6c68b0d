"""What can go wrong with a device, one class for each decision that a caller can take."""

from __future__ import annotations

from smartcommune.errors import NotReachedError, SmartCommuneError
from smartcommune.text import Text


class DeviceError(SmartCommuneError):
    """Something about one device; the others go on."""


class RefusedLineError(DeviceError):
    """The device did not take a line; ``line`` is shown without its secrets. Nothing was saved."""

    def __init__(self, device: str, line: str, answer: str) -> None:
        self.line, self.answer = line, answer
        super().__init__(
            Text(
                vi=f"{device} từ chối dòng «{line}»: {answer}; không có gì được lưu",
                en=f"{device} refused the line «{line}»: {answer}; nothing was saved",
            ),
            todo=Text(
                vi="xem tài liệu của phiên bản thiết bị; sửa hồ sơ hoặc mẫu cấu hình",
                en="see the manual of the device's version; correct the profile or the template",
            ),
        )


class NotAsRenderedError(DeviceError):
    """The device took every line, and its configuration is still not the rendered one."""

    def __init__(self, device: str, diff: str) -> None:
        self.diff = diff
        super().__init__(
            Text(
                vi=f"{device} nhận mọi dòng nhưng cấu hình vẫn khác; đang lùi lại, không lưu gì:\n{diff}",
                en=f"{device} took every line, but still differs; it is being undone, nothing was saved:\n{diff}",
            )
        )


class LockedOutError(DeviceError):
    """After a change the device was no longer reached; it undid the change by itself."""

    def __init__(self, device: str, seconds: float | None, cause: SmartCommuneError) -> None:
        self.seconds = seconds
        back = (
            Text(
                vi=f"thiết bị đã tự lùi lại, {seconds:.0f} giây sau khi gửi thay đổi",
                en=f"the device undid it by itself, seen {seconds:.0f} s after the change was sent",
            )
            if seconds is not None
            else Text(vi="chưa thấy thiết bị trở lại", en="the device has not been seen since")
        )
        super().__init__(
            Text(
                vi=f"thay đổi đã cắt đường tới {device} ({cause.message.vi}); {back.vi}",
                en=f"the change cut the way to {device} ({cause.message.en}); {back.en}",
            ),
            todo=Text(
                vi="sửa phần của thiết bị trong hồ sơ; không có gì được lưu",
                en="correct the device's part of the profile; nothing was saved",
            ),
        )


class NoWayBackError(DeviceError):
    """The device cannot be armed: without a way back nothing is changed."""


class NotSavedError(DeviceError):
    """The change is in effect and confirmed, and the device did not save it; ``answer`` is what it said."""

    def __init__(self, answer: str) -> None:
        super().__init__(Text(vi=f"không lưu được: {answer}", en=f"it could not be saved: {answer}"))


class FirstPasswordError(NotReachedError):
    """The device is met for the first time, and nobody gave its first password."""

    def __init__(self, device: str, variable: str) -> None:
        super().__init__(
            Text(
                vi=f"gặp {device} lần đầu: cần mật khẩu hiện có của nó",
                en=f"{device} is met for the first time: its present password is needed",
            ),
            todo=Text(
                vi=f"đặt biến môi trường {variable} (chỉ một lần, mật khẩu sẽ được thay), rồi chạy lại",
                en=f"set the environment variable {variable} (once: the password is replaced), then run again",
            ),
        )
