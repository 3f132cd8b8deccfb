#include "ec2/user_data.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"

namespace hens::ec2 {

extern const std::string_view setup_script, timer_script, job_script;  // machine/*.sh

namespace {

constexpr size_t most_bytes = 16384;

constexpr std::string_view arm_service = R"([Unit]
Description=hens-ec2: arm the shutdown timer at boot
[Service]
Type=oneshot
ExecStart=/opt/hens-ec2/timer arm
[Install]
WantedBy=multi-user.target
)";

constexpr std::string_view tick_service = R"([Unit]
Description=hens-ec2: look at the shutdown timer
[Service]
Type=oneshot
ExecStart=/opt/hens-ec2/timer tick
)";

constexpr std::string_view tick_timer = R"([Timer]
OnActiveSec=30
OnUnitActiveSec=30
AccuracySec=1
[Install]
WantedBy=timers.target
)";

// Stopped before docker and the network are, and given time to upload.
constexpr std::string_view job_service = R"([Unit]
Description=hens-ec2: the job
Wants=network-online.target
After=network-online.target docker.service dlami-nvme.service hens-ec2-arm.service
[Service]
ExecStart=/opt/hens-ec2/job run
StandardOutput=journal+console
KillMode=mixed
TimeoutStopSec=300
[Install]
WantedBy=multi-user.target
)";

// Comments are for whoever reads the sources; user data is short of room. The first line stays.
std::string without_comments(std::string_view script) {
  std::string kept;
  for (size_t begin = 0; begin < script.size();) {
    const size_t end = std::min(script.find('\n', begin), script.size() - 1) + 1;
    const std::string_view line = script.substr(begin, end - begin);
    const size_t first = line.find_first_not_of(" \n");
    const bool comment =
        first != std::string_view::npos && line[first] == '#' && line.find("shellcheck") == std::string_view::npos;
    if (begin == 0 || !comment) kept += line;
    begin = end;
  }
  return kept;
}

std::string here_document(std::string_view path, std::string_view content) {
  return fmt::format("cat >\"$root/{}\" <<'HENS_EC2_END'\n{}HENS_EC2_END\n", path, content);
}

std::string base64(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    unsigned word = 0;
    for (size_t k = 0; k < 3; ++k) {
      word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) text += i + k <= bytes.size() ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

// A job's bytes must arrive as they are, whatever its last line is.
std::string job_document(const std::string& job_text) {
  return fmt::format("base64 -d >\"$state/job.yaml\" <<'HENS_EC2_END'\n{}\nHENS_EC2_END\n", base64(job_text));
}

std::string config_lines(const MachineConfig& config) {
  std::string lines;
  const auto add = [&](const char* key, const std::string& value) {
    lines += fmt::format("{}={}\n", key, shell_quoted(value));
  };
  add("name", config.name);
  add("launch", config.launch);
  add("region", config.region);
  add("way", config.way);
  add("image", config.image);
  add("results", config.results);
  if (config.spot) add("spot", "yes");
  add("job_name", config.job_name.empty() ? "job" : config.job_name);
  return lines;
}

void replace(std::string& text, std::string_view what, const std::string& by) {
  const size_t at = text.find(what);
  text.replace(at, what.size(), by);
}

}  // namespace

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string render_user_data(const MachineConfig& config) {
  std::string files = here_document("var/lib/hens-ec2/config", config_lines(config));
  files += here_document("opt/hens-ec2/timer", without_comments(timer_script));
  files += here_document("opt/hens-ec2/job", without_comments(job_script));
  files += here_document("etc/systemd/system/hens-ec2-arm.service", arm_service);
  files += here_document("etc/systemd/system/hens-ec2-tick.service", tick_service);
  files += here_document("etc/systemd/system/hens-ec2-tick.timer", tick_timer);
  files += here_document("etc/systemd/system/hens-ec2-job.service", job_service);
  if (!config.job_text.empty()) files += job_document(config.job_text);
  files.pop_back();
  std::string script = without_comments(setup_script);
  replace(script, "%MINUTES%", std::to_string(config.shutdown_minutes));
  replace(script, "%FILES%", files);
  if (script.size() > most_bytes) {
    fail(ExitCode::bad_input,
         "the job's YAML is {} bytes long, {} more than fit into EC2's user data: shorten its comments, or use "
         "`hens-ec2 create` and `run`",
         config.job_text.size(), (script.size() - most_bytes) * 3 / 4 + 1);
  }
  return script;
}

}  // namespace hens::ec2
