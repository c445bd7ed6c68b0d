"""The command line's help in Vietnamese, by its English text."""

from __future__ import annotations

VIETNAMESE: dict[str, str] = {
    # titles
    "Arguments": "Đối số",
    "Options": "Tuỳ chọn",
    "Commands": "Lệnh",
    "Examples:": "Ví dụ:",
    # the program
    (
        "Provision, verify and report a smart commune from one reviewed profile.\n\nGlobal options may "
        "stand before or after the command."
    ): (
        "Dựng, kiểm tra và báo cáo một xã thông minh từ một hồ sơ đã duyệt.\n\nTuỳ chọn chung có thể đứng "
        "trước hoặc sau lệnh."
    ),
    "Language; the locale's by default.": "Ngôn ngữ; mặc định theo hệ thống.",
    "One JSON document on stdout, everything else on stderr.": "Một văn bản JSON ra stdout, mọi thứ khác ra stderr.",
    "Only errors.": "Chỉ báo lỗi.",
    "Show the version and exit.": "Hiện phiên bản rồi thoát.",
    "Show this message and exit.": "Hiện trợ giúp này rồi thoát.",
    "Install completion for the current shell.": "Cài tự hoàn thành lệnh cho shell đang dùng.",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "Hiện đoạn mã tự hoàn thành cho shell đang dùng, để chép hoặc tự cài."
    ),
    # shared
    "The commune's profile: a name in commune_profiles/, or a path.": (
        "Hồ sơ xã: tên trong commune_profiles/, hoặc đường dẫn."
    ),
    "Profiles: names in commune_profiles/, or paths. All of them when none is given.": (
        "Các hồ sơ: tên trong commune_profiles/, hoặc đường dẫn. Không ghi thì xét tất cả."
    ),
    "Where to: lab or existing. The profile's first one when not given.": (
        "Đích: lab hoặc existing. Mặc định là đích đầu tiên của hồ sơ."
    ),
    "Do not ask.": "Không hỏi lại.",
    "Seconds to wait for another run's lock.": "Số giây đợi lượt chạy khác nhả khóa.",
    "Only this host; may be repeated.": "Chỉ máy này; có thể ghi nhiều lần.",
    "Trust this machine's changed SSH host key from now on, after comparing it; may be repeated.": (
        "Từ nay tin khóa máy chủ SSH đã đổi của máy này, sau khi đã so; có thể ghi nhiều lần."
    ),
    # devices
    "Network devices with a vendor's command line.": "Thiết bị mạng có dòng lệnh của hãng.",
    "A device of the profile.": "Một thiết bị của hồ sơ.",
    "Only this device; may be repeated.": "Chỉ thiết bị này; có thể ghi nhiều lần.",
    "List the declared devices: platform, address, when they were last seen. Asks none of them.": (
        "Liệt kê thiết bị đã khai: hệ lệnh, địa chỉ, lần gặp gần nhất. Không hỏi thiết bị nào."
    ),
    "Show the configuration that is rendered for a device, secrets by their names. Asks no device.": (
        "Cho xem cấu hình được dựng cho một thiết bị, bí mật chỉ ghi tên. Không hỏi thiết bị nào."
    ),
    "Show what differs between each device and its design, and what on it is not the toolkit's. Changes nothing.": (
        "Cho xem mỗi thiết bị khác thiết kế ở đâu, và phần nào không do bộ công cụ quản lý. Không thay đổi gì."
    ),
    "Fetch and keep the configuration of each device, unless it is the one kept last; show where it is.": (
        "Lấy và giữ cấu hình của mỗi thiết bị, trừ khi trùng bản giữ gần nhất; cho biết tệp ở đâu."
    ),
    "A host of the profile.": "Một máy của hồ sơ.",
    "Only this host.": "Chỉ máy này.",
    "Only this commune.": "Chỉ xã này.",
    # validate, explain
    "Check profiles: every fault at once, with its line and what to do. Nothing is touched.": (
        "Kiểm tra hồ sơ: mọi lỗi một lần, kèm dòng và cách sửa. Không đụng đến gì."
    ),
    ("Show what the profile compiles to, and which line asked for each host, service, port, name and secret."): (
        "Cho thấy hồ sơ thành những gì, và dòng nào yêu cầu từng máy, dịch vụ, cổng, tên và bí mật."
    ),
    "Only this: a host, a zone, a service, a port, a name, a key.": (
        "Chỉ những gì của từ này: máy, vùng, dịch vụ, cổng, tên, khóa."
    ),
    # plan, apply
    "Show what apply would do to machines and hosts, each line with its reason. Changes nothing.": (
        "Cho thấy apply sẽ làm gì với máy và trong máy, mỗi dòng kèm lý do. Không thay đổi gì."
    ),
    "Save the plan, for apply --plan.": "Lưu kế hoạch, để dùng với apply --plan.",
    "End with 3 when there are changes.": "Kết thúc với mã 3 khi có thay đổi.",
    (
        "Make machines and hosts as the profile says, check them, and write the report.\n\nWhat is right "
        "already is left alone. Interrupted, it is resumed by the same command."
    ): (
        "Dựng máy và cấu hình đúng như hồ sơ, kiểm tra, và lập báo cáo.\n\nCái gì đã đúng thì để yên. Bị "
        "ngắt thì chạy lại chính lệnh này để làm tiếp."
    ),
    "A saved plan: refused if the world or the inputs changed since.": (
        "Kế hoạch đã lưu: từ chối nếu máy hoặc hồ sơ đã khác từ lúc đó."
    ),
    "Only show the plan.": "Chỉ cho xem kế hoạch.",
    "Leave out the checks.": "Bỏ phần kiểm tra.",
    # verify, report, status
    ("Check what runs: each service's checks on each of its hosts, as a user of it too. Writes the report."): (
        "Kiểm tra cái đang chạy: mọi kiểm tra của từng dịch vụ trên từng máy, cả như người dùng. Lập báo cáo."
    ),
    "Show the latest report in short and where its files are.": "Tóm tắt báo cáo mới nhất và chỉ chỗ các tệp.",
    "Open it in this computer's browser.": "Mở bằng trình duyệt của máy này.",
    "Show what is known without asking any host: machines, lock, last run, last report.": (
        "Cho thấy điều đã biết mà không hỏi máy nào: máy, khóa, lượt chạy và báo cáo gần nhất."
    ),
    # backup, restore, destroy, unlock, doctor
    "Save the data of every service that keeps some, on its host, under one stamp.": (
        "Sao lưu dữ liệu của mọi dịch vụ có dữ liệu, ngay trên máy của nó, dưới một dấu thời gian."
    ),
    (
        "Bring back the data of a backup. What was written since then is lost: asks first.\n\nA host that has "
        "not the backup itself, one made anew say, fetches it from the second machine."
    ): (
        "Khôi phục dữ liệu từ một bản sao lưu. Dữ liệu ghi sau đó sẽ mất: hỏi trước.\n\nMáy nào không còn bản "
        "đó, chẳng hạn máy mới dựng lại, thì lấy về từ máy thứ hai."
    ),
    "The newest backup that each host has on the second machine.": "Bản mới nhất của từng máy ở máy thứ hai.",
    (
        "Try whether the backups can be restored: on fresh machines in the lab, which are removed "
        "afterwards.\n\nThe second machine's newest backups are proven there, and checked by the services' own "
        "checks. The report dates it."
    ): (
        "Thử xem bản sao lưu có khôi phục được không: trên máy mới trong phòng thử, xong thì gỡ đi.\n\nBản mới "
        "nhất ở máy thứ hai được đối chiếu ở đó và kiểm tra bằng chính kiểm tra của dịch vụ. Báo cáo ghi ngày."
    ),
    "Which backup; the last one made when not given.": "Bản sao lưu nào; không ghi thì lấy bản làm gần nhất.",
    (
        "Remove the commune's machines, networks, secrets and all data on them. Shows them first and "
        "asks.\n\nMachines that already stood before (target existing) stay as they are; only what the "
        "toolkit made is removed."
    ): (
        "Gỡ bỏ máy, mạng, bí mật của xã và mọi dữ liệu trên đó. Cho xem trước và hỏi.\n\nMáy đã có từ "
        "trước (đích existing) được giữ nguyên; chỉ gỡ cái do công cụ làm ra."
    ),
    (
        "Show who holds the commune's lock; ask that run to stop, and wait until the lock is free.\n\nThe "
        "run ends as if interrupted there: the same command resumes it."
    ): (
        "Cho biết ai giữ khóa của xã; bảo lượt chạy đó dừng, và đợi khóa được nhả.\n\nLượt chạy đó coi "
        "như bị ngắt: chạy lại chính lệnh của nó để làm tiếp."
    ),
    "Look at this computer's prerequisites; end with one line of verdict. Changes nothing.": (
        "Xem máy này có đủ điều kiện không; kết thúc bằng một dòng kết luận. Không thay đổi gì."
    ),
    "Also what the embedded lab needs.": "Xét cả điều phòng thử cần.",
    # lab
    "The embedded lab: whole communes on this computer.": "Phòng thử: cả xã trên máy tính này.",
    "A host, a zone, or wan: the way to the Internet.": "Một máy, một vùng mạng, hoặc wan: đường ra Internet.",
    "Name of the snapshot.": "Tên bản chụp.",
    "Only the host's link in this zone.": "Chỉ mạng của máy trong vùng này.",
    "Of this site; where there are several.": "Của địa điểm này; khi có nhiều địa điểm.",
    "List the lab's machines, simulated devices and stations: state, address, memory and disk in use.": (
        "Liệt kê máy, thiết bị giả lập và trạm của phòng thử: trạng thái, địa chỉ, bộ nhớ và đĩa đang dùng."
    ),
    (
        "Be a client in a zone, as a phone or a laptop there: run a shell or a command of this computer in that "
        "network.\n\nAddress, way out and name servers come from the zone. The station is gone when the program ends."
    ): (
        "Làm một máy khách trong một vùng, như điện thoại hay máy tính ở đó: chạy shell hoặc một lệnh của máy này "
        "trong mạng đó.\n\nĐịa chỉ, lối ra và máy chủ tên lấy từ vùng. Chương trình kết thúc thì trạm cũng mất."
    ),
    (
        "Play readings into a gateway by the sensors' own protocols: a Modbus server, an MQTT device.\n\nRecorded ones "
        "with --csv, else generated ones like a day's. Each stands in the zone sensor, at its own address."
    ): (
        "Chơi số đo vào một cổng bằng đúng giao thức của cảm biến: máy chủ Modbus, thiết bị MQTT.\n\nSố đo đã ghi thì "
        "dùng --csv, không thì sinh như một ngày. Mỗi cảm biến đứng trong vùng sensor, đúng địa chỉ trong hồ sơ."
    ),
    "Their ids; all of the profile by default.": "Mã cảm biến; mặc định là mọi cảm biến của hồ sơ.",
    "Recorded readings: a column each quantity.": "Số đo đã ghi: mỗi đại lượng một cột.",
    "Show this value; may be repeated.": "Luôn cho giá trị này; có thể ghi nhiều lần.",
    "How many readings of each sensor.": "Bao nhiêu số đo mỗi cảm biến.",
    "Seconds between two readings.": "Số giây giữa hai số đo.",
    "A network zone.": "Một vùng mạng.",
    "A static address; by default one from DHCP where a gateway routes.": (
        "Địa chỉ tĩnh; mặc định lấy từ DHCP nơi có cổng mạng định tuyến."
    ),
    "Hardware address; a random one by default.": "Địa chỉ phần cứng; mặc định là ngẫu nhiên.",
    (
        "Open a shell on a machine as root, or run one command there and end with its exit status.\n\nOptions of "
        "this program stand before --, what follows it is the command's own."
    ): (
        "Mở shell trên một máy bằng root, hoặc chạy một lệnh ở đó và kết thúc bằng mã thoát của nó.\n\nTuỳ chọn của "
        "chương trình này đứng trước --, phần sau là của lệnh."
    ),
    "Instead of a shell.": "Thay cho shell.",
    "Show a machine's journal, or its console while it is stopped.": "Xem nhật ký một máy, hoặc màn hình khi máy tắt.",
    "Only this systemd unit.": "Chỉ đơn vị systemd này.",
    "Go on as new lines come.": "Xem tiếp khi có dòng mới.",
    "Make a web address of the lab reachable in this computer's browser, on the loopback only.": (
        "Mở một địa chỉ web của phòng thử cho trình duyệt của máy này, chỉ trên loopback."
    ),
    "First label of the address, as cua-hang; lists them when not given.": (
        "Phần đầu của địa chỉ, như cua-hang; không ghi thì liệt kê."
    ),
    "As a visitor from this zone; the first one let in by default.": (
        "Như khách từ vùng này; mặc định là vùng đầu tiên được vào."
    ),
    "Port on this computer; a free one by default.": "Cổng trên máy này; mặc định là cổng còn trống.",
    "Start a browser where there is one.": "Mở trình duyệt nếu có.",
    "Reboot a machine in order, and wait until it answers.": "Khởi động lại một máy, và đợi đến khi nó trả lời.",
    "Stop a machine dead, without a word to it. 'apply' starts it again.": "Tắt đột ngột một máy. 'apply' bật lại.",
    "As a power cut: what was not synced to disk is lost.": "Như mất điện: cái chưa ghi xuống đĩa sẽ mất.",
    "Cut a link: of one machine, of a whole zone, or the way to the Internet.": (
        "Ngắt mạng: của một máy, của cả vùng, hoặc đường ra Internet."
    ),
    "Bring a cut link up again.": "Nối lại mạng đã ngắt.",
    "Keep the disks of all machines as they are now.": "Giữ đĩa của mọi máy như lúc này.",
    "Put all machines back to a snapshot. What was written since then is lost: asks first.": (
        "Đưa mọi máy về một bản chụp. Dữ liệu ghi sau đó sẽ mất: hỏi trước."
    ),
    "Stop machines in order; their disks stay. 'apply' starts them again.": (
        "Tắt máy đúng cách; đĩa còn nguyên. 'apply' bật lại."
    ),
    (
        "Remove every trace of the lab from this computer: machines, networks, mounts, "
        "processes.\n\nWorks also where the state was lost. Downloads stay in the cache."
    ): (
        "Dọn mọi dấu vết của phòng thử trên máy này: máy, mạng, mount, tiến trình.\n\nVẫn dọn được khi "
        "trạng thái đã mất. Cái đã tải về còn trong bộ nhớ đệm."
    ),
    "Only show what is there.": "Chỉ cho xem có gì.",
}

USAGE: dict[str, str] = {
    r"No such option: (\S+)": r"không có tuỳ chọn \1",
    r"No such command (\S+?)\.": r"không có lệnh \1.",
    r"Did you mean (.+)\?": r"Có phải \1?",
    r"Missing (?:argument|parameter) ": "thiếu đối số ",
    r"Missing option ": "thiếu tuỳ chọn ",
    r"Missing command\.": "thiếu lệnh.",
    r"Got unexpected extra argument\(s\) ": "thừa đối số ",
    r"Invalid value for ": "giá trị sai ở ",
    r"Input should be a valid integer.*": "cần một số nguyên",
    r"Input should be greater than or equal to (\S+)": r"cần từ \1 trở lên",
    r"Option (\S+) requires an argument": r"tuỳ chọn \1 cần một giá trị",
    r"Option (\S+) does not take a value": r"tuỳ chọn \1 không nhận giá trị",
    r"Option (\S+) has no JSON document\.": r"tuỳ chọn \1 không có văn bản JSON.",
    r"Value (\S+) is not a valid (\S+)\.": r"\1 không phải là \2.",
}
