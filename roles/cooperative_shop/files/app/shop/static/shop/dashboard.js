/* Vietnamese for what the dashboard's scripts draw: calendars, pick lists, the editor of descriptions; names for ticks. */
"use strict";
function nameInputs() {
  const [all, one, count] = document.documentElement.lang === "vi"
    ? ["Chọn tất cả", "Chọn dòng này", "Số lượng"] : ["Select all", "Select this row", "Quantity"];
  document.querySelectorAll("td input, th input").forEach((input) => {
    if (input.type === "hidden" || input.labels.length || input.hasAttribute("aria-label")) return;
    input.setAttribute("aria-label", input.type !== "checkbox" ? count : input.name === "select_all" ? all : one);
  });
}
nameInputs();
new MutationObserver(nameInputs).observe(document.body, { childList: true, subtree: true });
if (document.documentElement.lang === "vi") {
  moment.locale("vi");
  $.fn.select2.defaults.set("language", {
    errorLoading: () => "Không tải được kết quả.",
    loadingMore: () => "Đang tải thêm…",
    noResults: () => "Không tìm thấy.",
    removeAllItems: () => "Bỏ tất cả",
    removeItem: () => "Bỏ mục này",
    searching: () => "Đang tìm…",
  });
  $.fn.datetimepicker.Constructor.Default.tooltips = {
    today: "Hôm nay", clear: "Bỏ chọn", close: "Đóng", selectDate: "Chọn ngày", selectTime: "Chọn giờ",
    selectMonth: "Chọn tháng", prevMonth: "Tháng trước", nextMonth: "Tháng sau",
    selectYear: "Chọn năm", prevYear: "Năm trước", nextYear: "Năm sau",
    selectDecade: "Chọn thập niên", prevDecade: "Thập niên trước", nextDecade: "Thập niên sau",
    prevCentury: "Thế kỷ trước", nextCentury: "Thế kỷ sau",
    pickHour: "Chọn giờ", incrementHour: "Thêm một giờ", decrementHour: "Bớt một giờ",
    pickMinute: "Chọn phút", incrementMinute: "Thêm phút", decrementMinute: "Bớt phút",
    pickSecond: "Chọn giây", incrementSecond: "Thêm giây", decrementSecond: "Bớt giây", togglePeriod: "Sáng hoặc chiều",
  };
  tinymce.addI18n("vi", {
    "Formats": "Kiểu chữ", "Format {0}": "Kiểu chữ: {0}", "Text": "Đoạn văn", "Paragraph": "Đoạn văn",
    "Heading 2": "Đề mục 2", "Heading 3": "Đề mục 3", "Heading 4": "Đề mục 4", "Heading 5": "Đề mục 5",
    "Heading 6": "Đề mục 6", "Bold": "Đậm", "Italic": "Nghiêng", "Blockquote": "Trích dẫn",
    "Bullet list": "Danh sách dấu chấm", "Numbered list": "Danh sách số",
    "Insert/edit link": "Chèn hoặc sửa liên kết", "URL": "Địa chỉ", "Text to display": "Chữ hiện ra", "Title": "Tiêu đề",
    "Open link in...": "Mở liên kết ở…", "Open link": "Mở liên kết", "Remove link": "Bỏ liên kết",
    "Current window": "Cửa sổ này", "New window": "Cửa sổ mới", "Save": "Lưu", "Cancel": "Hủy", "Close": "Đóng",
    "Reveal or hide additional toolbar items": "Hiện hoặc ẩn các nút khác", "More...": "Thêm…",
    "Rich Text Area": "Ô soạn thảo", "Rich Text Area. Press ALT-0 for help.": "Ô soạn thảo.",
    "Press {0} for help": "",
  });
  tinymce.overrideDefaults({ language: "vi" });
}
