#include "ec2/machine.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "ec2/user_data.h"
#include "ec2/wait_notice.h"

namespace hens::ec2 {
namespace {

constexpr const char* user = "ubuntu";

std::string last_line(const std::string& text) {
  const size_t end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "no answer";
  const size_t begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

// ssh reads the value as a list of words, with double quotes.
std::string known_hosts_option(const fs::path& path) {
  const bool plain = path.string().find(' ') == std::string::npos;
  return plain ? path.string() : "\"" + path.string() + "\"";
}

}  // namespace

Machine::Machine(const Instance& instance, const LocalState& state)
    : id_(instance.id), ip_(instance.ip), key_(state.private_key()), known_hosts_(state.known_hosts()) {
  if (ip_.empty()) fail(ExitCode::unavailable, "the machine has no public address: is it running?");
  std::error_code ignored;
  if (!fs::exists(key_, ignored)) {
    fail(ExitCode::missing_input, "{}: the machine's SSH key is not here: it was created elsewhere", key_.string());
  }
}

// A host key belongs to an instance: addresses come back with other machines behind them.
std::vector<std::string> Machine::ssh() const {
  std::vector<std::string> words{"ssh", "-i", key_.string()};
  for (const std::string& option :
       {std::string("IdentitiesOnly=yes"), std::string("BatchMode=yes"),
        std::string("StrictHostKeyChecking=accept-new"), "HostKeyAlias=" + id_,
        "UserKnownHostsFile=" + known_hosts_option(known_hosts_), std::string("ConnectTimeout=10"),
        std::string("ServerAliveInterval=15"), std::string("ServerAliveCountMax=4")}) {
    words.insert(words.end(), {"-o", option});
  }
  return words;
}

std::string Machine::login_line() const {
  return fmt::format("ssh -i {} -o HostKeyAlias={} -o UserKnownHostsFile={} {}@{}", shell_quoted(key_.string()), id_,
                     shell_quoted(known_hosts_.string()), user, ip_);
}

ChildResult Machine::run(const std::string& line, std::string_view input) const {
  std::vector<std::string> argv = ssh();
  argv.insert(argv.end(), {fmt::format("{}@{}", user, ip_), line});
  return run_captured({argv, {}, input});
}

int Machine::run_attached(const std::string& line) const {
  std::vector<std::string> argv = ssh();
  argv.insert(argv.end(), {"-n", fmt::format("{}@{}", user, ip_), line});
  return hens::run_attached({argv});
}

std::string Machine::demand(const std::string& line, std::string_view input) const {
  const ChildResult result = run(line, input);
  if (result.exit_code != 0) {
    fail(ExitCode::unavailable, "ssh {}@{}: exit code {}: {}\n  docs/ec2.md, \"SSH refused\", says what to look at",
         user, ip_, result.exit_code, last_line(result.err));
  }
  return result.out;
}

void Machine::wait_until_ready(int seconds) const {
  const WaitNotice notice(fmt::format("{} to let in and be ready, at most {} s", id_, seconds));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (true) {
    const ChildResult result = run("test -e /var/lib/hens-ec2/ready");
    if (result.exit_code == 0) return;
    if (std::chrono::steady_clock::now() > end) {
      const std::string what = result.exit_code == 255 ? last_line(result.err) : "its user data is not through yet";
      fail(ExitCode::unavailable,
           "{}@{} is not ready after {} s: {}\n  docs/ec2.md, \"SSH refused\", says what to look at", user, ip_,
           seconds, what);
    }
    poll_pause();
  }
}

bool Machine::bring(const std::string& remote, const fs::path& folder) const {
  make_folders(folder);
  // rsync splits this itself, with quotes but without a shell.
  std::string transport;
  for (const std::string& word : ssh()) {
    const bool plain = word.find_first_of(" '\"") == std::string::npos;
    transport += (transport.empty() ? "" : " ") + (plain ? word : "'" + word + "'");
  }
  const std::string from = fmt::format("{}@{}:{}", user, ip_, remote);
  return hens::run_attached({{"rsync", "-a", "--partial", "--exclude=*.tmp", "--rsync-path", "sudo rsync", "-e",
                              transport, from, folder.string() + "/"}}) == 0;
}

std::optional<std::string> Machine::deadline() const {
  const ChildResult result = run("sudo /opt/hens-ec2/timer show");
  std::string text = result.out;
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  const bool number =
      !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (result.exit_code != 0 || (!number && text != "never")) return std::nullopt;
  return text;
}

}  // namespace hens::ec2
