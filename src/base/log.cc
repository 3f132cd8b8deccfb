#include "base/log.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <mutex>
#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/progress_bar.h"
#include "base/secrets.h"
#include "base/time.h"

namespace hens {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr auto redraw_pause = std::chrono::milliseconds(100);
constexpr auto event_pause = std::chrono::seconds(10);

// One write(2) a line: with O_APPEND the lines of several processes stay whole. What cannot be logged is not worth
// dying for, so errors end here.
void write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

// File names and servers' words may hold any byte: invalid UTF-8 is replaced, never thrown at.
std::string dump(const nlohmann::json& value, bool ascii = false) {
  return value.dump(-1, ' ', ascii, nlohmann::json::error_handler_t::replace);
}

std::string json_line(Moment time, std::string_view level, std::string_view event, const nlohmann::json& fields) {
  Json line;
  line["time"] = iso_moment(time);
  line["level"] = level;
  line["event"] = event;
  for (const auto& [key, value] : fields.items()) line[line.contains(key) ? key + "_" : key] = value;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// A value that could be mistaken for several words, or that could steer a terminal, is quoted and escaped.
std::string value_text(const nlohmann::json& value) {
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (!value.is_string()) return dump(value, true);
  const auto& text = value.get_ref<const std::string&>();
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
  return plain ? text : dump(value, true);
}

std::string without_control_characters(std::string text) {
  const auto steers = [](unsigned char c) { return (c < 32 && c != '\n') || c == 127; };
  std::replace_if(text.begin(), text.end(), steers, '?');
  return text;
}

// 12:00:05 WARNING event: the message key=value key=value
std::string text_line(Moment time, std::string_view level, std::string_view event, const nlohmann::json& fields) {
  std::string line = format_time(std::chrono::floor<std::chrono::seconds>(time), "%H:%M:%S ");
  if (level == "warning") line += "WARNING ";
  if (level == "error") line += "ERROR ";
  line += event;
  const auto message = fields.find("message");
  if (message != fields.end() && message->is_string()) line += ": " + message->get<std::string>();
  for (const auto& [key, value] : fields.items()) {
    if (key != "message" || !value.is_string()) line += fmt::format(" {}={}", key, value_text(value));
  }
  return without_control_characters(line) + "\n";
}

int terminal_width() noexcept {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

nlohmann::json progress_fields(const ProgressState& state) {
  nlohmann::json fields{{"label", state.label}, {"done", state.done}, {"total", state.total}, {"unit", state.unit}};
  fields["per_second"] = progress_rate(state);
  if (const double left = progress_seconds_left(state); left >= 0) fields["seconds_left"] = left;
  if (!state.detail.empty()) fields["detail"] = state.detail;
  return fields;
}

}  // namespace

struct Log::State {
  std::mutex mutex;
  bool silent = false, json = false;
  bool bar = false;  // stderr is a terminal and people read it
  FileDescriptor file;
  ProgressState progress;
  Clock::time_point started, drawn, reported;
  bool running = false;    // between the first progress() and its end
  bool drawn_any = false;  // the terminal's last line is the bar
  bool reported_end = false;

  void write(std::string_view level, std::string_view event, const nlohmann::json& given, bool to_stderr = true) {
    const Moment time = moment_now();
    const nlohmann::json fields = redacted_json(given);
    if (file) write_all(file.get(), json_line(time, level, event, fields));
    if (silent || !to_stderr) return;
    std::string line = json ? json_line(time, level, event, fields) : text_line(time, level, event, fields);
    if (drawn_any) line = "\r\x1b[K" + line + progress_line(progress, terminal_width() - 1);
    write_all(STDERR_FILENO, line);
  }

  void draw(Clock::time_point at) {
    write_all(STDERR_FILENO, "\r" + progress_line(progress, terminal_width() - 1) + "\x1b[K");
    drawn = at;
    drawn_any = true;
  }

  void report(Clock::time_point at) {
    write("info", "progress", progress_fields(progress), !bar);
    reported = at;
    reported_end = progress.done >= progress.total;
  }

  void start(std::string_view label, double done, double total, std::string_view unit, Clock::time_point at) {
    end();
    progress = {redacted(label), done, total, std::string(unit), done, 0.0};
    started = reported = at;
    running = true;
    reported_end = false;
  }

  void end() {
    if (!running) return;
    if (!reported_end) report(Clock::now());
    if (drawn_any) {
      draw(Clock::now());
      write_all(STDERR_FILENO, "\n");
    }
    running = drawn_any = false;
  }
};

Log::Log(LogFormat format) : state_(std::make_unique<State>()) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  state_->json = format == LogFormat::json || (format == LogFormat::automatic && !terminal);
  state_->bar = terminal && !state_->json;
}

Log::~Log() {
  if (state_ != nullptr) end_progress();
}

void Log::also_to(const fs::path& path) {
  if (path.has_parent_path()) make_folders(path.parent_path());
  // O_NONBLOCK: a FIFO in its place would be waited for, for ever.
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0666));
  if (!file) {
    const int error_number = errno;
    fail(output_error_code(error_number), "{}: cannot open the log: {}", path.string(), errno_text(error_number));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) == 0 && !S_ISREG(status.st_mode)) {
    fail(ExitCode::cannot_create, "{}: is in the way: the log is written to a regular file", path.string());
  }
  const std::lock_guard lock(state_->mutex);
  state_->file = std::move(file);
}

void Log::info(std::string_view event, nlohmann::json fields) {
  const std::lock_guard lock(state_->mutex);
  state_->write("info", event, fields);
}

void Log::warn(std::string_view event, nlohmann::json fields) {
  const std::lock_guard lock(state_->mutex);
  state_->write("warning", event, fields);
}

void Log::error(std::string_view event, nlohmann::json fields) {
  const std::lock_guard lock(state_->mutex);
  state_->write("error", event, fields);
}

void Log::progress(std::string_view label, double done, double total, std::string_view unit, std::string_view detail) {
  const std::lock_guard lock(state_->mutex);
  State& state = *state_;
  const auto at = Clock::now();
  const bool at_end = done >= total;
  const bool same_label = state.running && state.progress.label == redacted(label);
  if (same_label && state.reported_end && at_end) return;
  const bool same = same_label && !state.reported_end;
  if (same && done < state.progress.done) return;  // another thread was faster with newer news
  if (!same) state.start(label, done, total, unit, at);
  state.progress.done = done;
  state.progress.total = total;
  state.progress.detail = detail;
  state.progress.seconds = std::chrono::duration<double>(at - state.started).count();
  if (state.bar && !state.silent && (at_end || !state.drawn_any || at - state.drawn >= redraw_pause)) state.draw(at);
  if ((at_end && !state.reported_end) || (!at_end && at - state.reported >= event_pause)) state.report(at);
}

void Log::end_progress() {
  const std::lock_guard lock(state_->mutex);
  state_->end();
}

Log& Log::none() {
  struct Silent : Log {
    Silent() { state_->silent = true; }
  };
  static Silent log;
  return log;
}

}  // namespace hens
