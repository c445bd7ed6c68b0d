"""What YAML allows and a reviewed file should not do: each trap with what was expected and what to do."""

from __future__ import annotations

from typing import NamedTuple

from smartcommune.text import Text


class Trap(NamedTuple):
    """A kind of fault with its fixed texts."""

    code: str
    message: Text
    expected: Text
    todo: Text


MERGE_KEY = Trap(
    "merge-key",
    Text(vi="khóa gộp «<<» không thuộc YAML 1.2", en="the merge key «<<» is not part of YAML 1.2"),
    Text(vi="các khóa viết đầy đủ", en="the keys written out"),
    Text(vi="chép các khóa cần dùng vào đây", en="copy the keys you need to this place"),
)
EMPTY_KEY = Trap(
    "empty-key",
    Text(vi="khóa trống", en="a key is empty"),
    Text(vi="một tên khóa trước dấu hai chấm", en="a key's name before the colon"),
    Text(vi="viết tên khóa hoặc xóa dòng này", en="write the key's name or delete the line"),
)
COMPLEX_KEY = Trap(
    "complex-key",
    Text(vi="khóa không phải là một tên", en="a key is not a name"),
    Text(vi="một tên khóa trước dấu hai chấm", en="a key's name before the colon"),
    Text(vi="viết một tên; danh sách và {…} không thể làm khóa", en="write a name; lists and {…} cannot be keys"),
)
DUPLICATE_KEY = Trap(
    "duplicate-key",
    Text(vi="khóa này đã được viết ở trên", en="this key was already written above"),
    Text(vi="mỗi khóa một lần", en="each key once"),
    Text(vi="xóa hoặc đổi tên một trong hai", en="delete or rename one of the two"),
)
TAG = Trap(
    "tag",
    Text(vi="nhãn kiểu «!…» không được dùng", en="tags («!…») are not allowed"),
    Text(vi="giá trị thuần, không có nhãn", en="a plain value without a tag"),
    Text(vi="xóa nhãn; để giữ dạng chuỗi hãy dùng dấu nháy", en="delete the tag; to keep text as text, quote it"),
)
INVISIBLE_SIGN = Trap(
    "invisible-sign",
    Text(vi="có ký tự không nhìn thấy được", en="there is an invisible character"),
    Text(vi="chữ và dấu cách thường", en="letters and ordinary blanks"),
    Text(
        vi="gõ lại phần này bằng bàn phím (thường do chép từ Word hoặc trang web)",
        en="type this part again (it usually comes from copying out of Word or a web page)",
    ),
)
TYPOGRAPHIC_QUOTE = Trap(
    "typographic-quote",
    Text(vi="dấu nháy cong không phải là dấu nháy của YAML", en="curly quotes are not quotes in YAML"),
    Text(vi="dấu nháy thẳng \" hoặc '", en="straight quotes \" or '"),
    Text(vi='thay “ và ” bằng "', en='replace “ and ” by "'),
)
TOO_DEEP = Trap(
    "too-deep",
    Text(vi="lồng nhau quá sâu", en="nested too deeply"),
    Text(vi="nhiều nhất 24 tầng", en="at most 24 levels"),
    Text(vi="kiểm tra dấu ngoặc và thụt lề ở đây", en="check brackets and indentation here"),
)
TOO_MANY_NODES = Trap(
    "too-many-nodes",
    Text(vi="quá nhiều giá trị (kể cả bản sao qua «*»)", en="too many values (copies made by «*» included)"),
    Text(vi="nhiều nhất 5 000 giá trị", en="at most 5,000 values"),
    Text(vi="bỏ các bí danh «*» hoặc chia nhỏ tệp", en="remove the aliases «*» or split the file"),
)
CYCLE = Trap(
    "alias-cycle",
    Text(vi="bí danh chứa chính nó", en="an alias contains itself"),
    Text(vi="bí danh của một giá trị đã viết xong ở trên", en="an alias of a value that is complete above"),
    Text(vi="viết giá trị ra thay cho «*»", en="write the value out instead of «*»"),
)
UNKNOWN_ALIAS = Trap(
    "alias-unknown",
    Text(vi="bí danh «*» không có «&» tương ứng ở trên", en="an alias «*» has no matching «&» above"),
    Text(vi="một giá trị; chuỗi bắt đầu bằng * phải ở trong dấu nháy", en="a value; text that begins with * in quotes"),
    Text(vi="viết giá trị ra, hoặc đặt trong dấu nháy", en="write the value out, or quote it"),
)
SECOND_DOCUMENT = Trap(
    "second-document",
    Text(vi="tài liệu hết ở đây (--- hoặc ...)", en="the document ends here (--- or ...)"),
    Text(vi="một tài liệu mỗi tệp", en="one document a file"),
    Text(vi="xóa dòng này, hoặc tách phần sau thành tệp khác", en="delete the line, or make a file of what follows"),
)
EMPTY_FILE = Trap(
    "empty-file",
    Text(vi="tệp không có nội dung", en="the file says nothing"),
    Text(vi="các khóa và giá trị", en="keys and values"),
    Text(vi="bắt đầu từ một hồ sơ mẫu trong commune_profiles/", en="start from a profile in commune_profiles/"),
)
NOT_A_MAPPING = Trap(
    "not-a-mapping",
    Text(vi="tệp không phải là các dòng «khóa: giá trị»", en="the file is not made of lines «key: value»"),
    Text(vi="các dòng «khóa: giá trị» ở cột đầu", en="lines «key: value» in the first column"),
    Text(vi="bắt đầu từ một hồ sơ mẫu trong commune_profiles/", en="start from a profile in commune_profiles/"),
)
CONTROL_SIGN = Trap(
    "control-sign",
    Text(vi="có ký tự điều khiển", en="there is a control character"),
    Text(vi="chữ, dấu cách và xuống dòng", en="letters, blanks and line ends"),
    Text(vi="xóa ký tự này và lưu lại tệp dạng UTF-8", en="delete the character and save the file as UTF-8"),
)
ENCODING = Trap(
    "encoding",
    Text(vi="tệp không ở dạng UTF-8", en="the file is not UTF-8"),
    Text(vi="văn bản UTF-8", en="text in UTF-8"),
    Text(
        vi="mở bằng trình soạn thảo và lưu lại với bảng mã UTF-8 (Unicode)",
        en="open it in an editor and save it again with the encoding UTF-8",
    ),
)
TOO_BIG = Trap(
    "too-big",
    Text(vi="tệp quá lớn", en="the file is too big"),
    Text(vi="nhiều nhất 1 MiB", en="at most 1 MiB"),
    Text(vi="kiểm tra xem có chọn nhầm tệp không", en="check that this is the file you meant"),
)
UNREADABLE = Trap(
    "unreadable",
    Text(vi="không đọc được tệp", en="the file cannot be read"),
    Text(vi="một tệp thường, đọc được", en="a regular file that can be read"),
    Text(vi="kiểm tra đường dẫn và quyền đọc", en="check the path and the permission to read"),
)
SYNTAX = Trap(
    "syntax",
    Text(vi="YAML không đọc được từ đây", en="YAML cannot be understood from here"),
    Text(vi="YAML hợp lệ", en="valid YAML"),
    Text(vi="kiểm tra dòng này và dòng trên", en="check this line and the one above"),
)
TAB = Trap(
    "tab",
    Text(vi="thụt lề bằng phím Tab", en="a tab is used for indentation"),
    Text(vi="dấu cách", en="blanks"),
    Text(vi="thay mỗi Tab bằng hai dấu cách", en="replace each tab by two blanks"),
)
UNCLOSED_QUOTE = Trap(
    "unclosed-quote",
    Text(vi="dấu nháy mở ở đây không được đóng đúng chỗ", en="the quote opened here is not closed where it should be"),
    Text(vi="dấu nháy đóng ở cuối giá trị", en="a closing quote at the end of the value"),
    Text(vi="thêm dấu nháy đóng trên dòng này", en="add the closing quote on this line"),
)
UNCLOSED_BRACKET = Trap(
    "unclosed-bracket",
    Text(vi="thiếu dấu phẩy hoặc dấu ngoặc đóng", en="a comma or a closing bracket is missing"),
    Text(vi="«,» giữa các phần và «}» hoặc «]» ở cuối", en="«,» between the parts and «}» or «]» at the end"),
    Text(vi="thêm dấu còn thiếu", en="add what is missing"),
)
STRAY_BRACKET = Trap(
    "stray-bracket",
    Text(vi="thừa một dấu ngoặc đóng hoặc dấu phẩy", en="there is a closing bracket or a comma too many"),
    Text(vi="mỗi «}» hoặc «]» đóng một dấu đã mở", en="each «}» or «]» closes one that was opened"),
    Text(vi="xóa dấu thừa", en="delete it"),
)
MISSING_COLON = Trap(
    "missing-colon",
    Text(vi="thiếu dấu hai chấm sau khóa", en="the colon after a key is missing"),
    Text(vi="«khóa: giá trị», có dấu cách sau dấu hai chấm", en="«key: value», with a blank after the colon"),
    Text(vi="thêm «:» và một dấu cách", en="add «:» and a blank"),
)
INDENTATION = Trap(
    "indentation",
    Text(vi="thụt lề không khớp với các dòng trên", en="the indentation does not fit the lines above"),
    Text(vi="cùng một mức thụt lề cho các khóa cùng nhóm", en="the same indentation for keys of one group"),
    Text(vi="chỉnh lại dấu cách ở đầu dòng", en="correct the blanks at the line's start"),
)
SECOND_COLON = Trap(
    "second-colon",
    Text(vi="dấu hai chấm ở chỗ không thể có khóa", en="a colon where no key can be"),
    Text(
        vi="một «khóa: giá trị» mỗi dòng, thụt lề đúng; giá trị có «: » phải ở trong dấu nháy",
        en="one «key: value» a line, indented as its group; a value that contains «: » in quotes",
    ),
    Text(vi="chỉnh thụt lề, hoặc đặt giá trị trong dấu nháy", en="correct the indentation, or quote the value"),
)
RESERVED_SIGN = Trap(
    "reserved-sign",
    Text(vi="giá trị không thể bắt đầu bằng ký tự này", en="a value cannot begin with this character"),
    Text(
        vi="giá trị bắt đầu bằng @ ` % & * ! phải ở trong dấu nháy",
        en="values that begin with @ ` % & * ! in quotes",
    ),
    Text(vi="đặt giá trị trong dấu nháy", en="quote the value"),
)
ESCAPE = Trap(
    "escape",
    Text(vi="dấu \\ trong nháy kép không có nghĩa", en="an unknown escape \\ in double quotes"),
    Text(vi="\\\\ cho dấu \\, hoặc dấu nháy đơn", en="\\\\ for a backslash, or single quotes"),
    Text(vi="dùng dấu nháy đơn '…'", en="use single quotes '…'"),
)
